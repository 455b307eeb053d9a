// SPDX-License-Identifier: Apache-2.0

/// Turns offsets of a valid UTF-8 text into positions. libyaml counts Unicode scalars, a slice of the text is
/// given in bytes, and people count lines and columns: this knows all three.
struct TextMap {
    let bytes: [UInt8]
    /// Steps that a lookup took beyond a constant, for the tests that hold the cost linear.
    private(set) var work = 0

    private let lineStarts: [Int]
    /// Scalars before each line; empty where the text is ASCII, for there they are the bytes.
    private let scalarsBeforeLine: [Int]
    /// Byte offset of every 32nd scalar; empty where the text is ASCII.
    private let checkpoints: [Int]
    private let scalarCount: Int
    /// Line, from 0, of the last lookup: lookups mostly go forward, by little.
    private var lastLine = 0

    private static let stride = 32

    init(_ lines: SourceLines) {
        bytes = lines.bytes
        lineStarts = lines.starts
        if bytes.allSatisfy({ $0 < 0x80 }) {
            scalarsBeforeLine = []
            checkpoints = []
            scalarCount = bytes.count
            return
        }
        var scalarsBeforeLine: [Int] = []
        var checkpoints: [Int] = []
        var scalars = 0
        var nextLine = 0
        for (offset, byte) in bytes.enumerated() where !Self.isContinuation(byte) {
            if nextLine < lineStarts.count, lineStarts[nextLine] == offset {
                scalarsBeforeLine.append(scalars)
                nextLine += 1
            }
            if scalars.isMultiple(of: Self.stride) { checkpoints.append(offset) }
            scalars += 1
        }
        if nextLine < lineStarts.count { scalarsBeforeLine.append(scalars) }
        self.scalarsBeforeLine = scalarsBeforeLine
        self.checkpoints = checkpoints
        scalarCount = scalars
    }

    private var isASCII: Bool { checkpoints.isEmpty }

    static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    mutating func position(ofScalar index: Int) -> SourcePosition {
        let index = min(max(index, 0), scalarCount)
        let starts = isASCII ? lineStarts : scalarsBeforeLine
        var line = lastLine
        if starts[line] > index || (line + 8 < starts.count && starts[line + 8] <= index) {
            var low = 0
            var high = starts.count
            while high - low > 1 {
                let middle = (low + high) / 2
                if starts[middle] <= index { low = middle } else { high = middle }
            }
            line = low
        } else {
            while line + 1 < starts.count, starts[line + 1] <= index { line += 1 }
        }
        lastLine = line
        return SourcePosition(line: line + 1, column: index - starts[line] + 1)
    }

    mutating func position(ofByte offset: Int) -> SourcePosition {
        position(ofScalar: scalarIndex(ofByte: offset))
    }

    mutating func range(ofBytes range: Range<Int>) -> SourceRange {
        let start = position(ofByte: range.lowerBound)
        return SourceRange(start: start, end: position(ofByte: range.upperBound))
    }

    mutating func byteOffset(ofScalar index: Int) -> Int {
        guard !isASCII else { return min(max(index, 0), bytes.count) }
        guard index < scalarCount else { return bytes.count }
        var offset = checkpoints[max(index, 0) / Self.stride]
        var remaining = max(index, 0) % Self.stride
        work += remaining
        while remaining > 0 {
            offset += 1
            while offset < bytes.count, Self.isContinuation(bytes[offset]) { offset += 1 }
            remaining -= 1
        }
        return offset
    }

    mutating func scalarIndex(ofByte offset: Int) -> Int {
        guard !isASCII else { return min(max(offset, 0), bytes.count) }
        let offset = min(max(offset, 0), bytes.count)
        var low = 0
        var high = checkpoints.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if checkpoints[middle] <= offset { low = middle } else { high = middle }
        }
        work += offset - checkpoints[low]
        return bytes[checkpoints[low]..<offset].reduce(low * Self.stride) { $0 + (Self.isContinuation($1) ? 0 : 1) }
    }
}
