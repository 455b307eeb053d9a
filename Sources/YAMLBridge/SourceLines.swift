// SPDX-License-Identifier: Apache-2.0

/// Where the lines of a text start. A line ends at LF, CR LF or CR, as in editors; the other breaks that
/// YAML 1.1 knows (NEL, LS, PS) do not count.
struct SourceLines: Sendable {
    /// The text without its byte order mark.
    let bytes: [UInt8]
    /// Byte offset of each line's first byte; never empty.
    let starts: [Int]

    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    init(_ text: [UInt8]) {
        bytes = text.starts(with: Self.byteOrderMark) ? Array(text.dropFirst(Self.byteOrderMark.count)) : text
        var starts = [0]
        bytes.withUnsafeBufferPointer { bytes in
            for index in bytes.indices {
                switch bytes[index] {
                case UInt8(ascii: "\n"):
                    starts.append(index + 1)
                case UInt8(ascii: "\r") where index + 1 == bytes.count || bytes[index + 1] != UInt8(ascii: "\n"):
                    starts.append(index + 1)
                default:
                    break
                }
            }
        }
        self.starts = starts
    }

    /// The bytes of a line, counted from 1, without its line break; nil behind the last line.
    func line(_ number: Int) -> ArraySlice<UInt8>? {
        guard number >= 1, number <= starts.count else { return nil }
        let start = starts[number - 1]
        var end = number < starts.count ? starts[number] : bytes.count
        while end > start, bytes[end - 1] == UInt8(ascii: "\n") || bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return bytes[start..<end]
    }
}
