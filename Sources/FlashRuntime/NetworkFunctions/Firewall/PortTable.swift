// SPDX-License-Identifier: Apache-2.0

/// `Intervals` of 16-bit numbers: a table of 256 pages of 256 entries each. Pages that lie within one interval are kept
/// once for each set of rules.
struct PortTable {
    private let entries: OwnedBuffer<Int32>
    private let pages: OwnedBuffer<Int32>
    private let firstEntry: UnsafeMutablePointer<Int32>
    private let firstPage: UnsafeMutablePointer<Int32>

    init(_ intervals: Intervals<UInt16>) {
        var pages: [Int32] = []
        var entries: [Int32] = []
        var uniform: [Int32: Int32] = [:]
        while pages.count < 256 {
            let first = pages.count * 256
            let whole = intervals.piece(from: UInt16(first), through: .max)
            guard whole.count >= 256 else {
                pages.append(Int32(entries.count))
                var port = first
                while port < first + 256 {
                    let piece = intervals.piece(from: UInt16(port), through: UInt16(first + 255))
                    entries += [Int32](repeating: piece.offset, count: piece.count)
                    port += piece.count
                }
                continue
            }
            let place = uniform[whole.offset] ?? Int32(entries.count)
            if uniform.updateValue(place, forKey: whole.offset) == nil {
                entries += [Int32](repeating: whole.offset, count: 256)
            }
            pages += [Int32](repeating: place, count: whole.count / 256)
        }
        self.entries = OwnedBuffer(entries)
        self.pages = OwnedBuffer(pages)
        firstEntry = self.entries.base
        firstPage = self.pages.base
    }

    @inline(__always)
    func offset(of port: UInt16) -> Int {
        Int(firstEntry[Int(firstPage[Int(port >> 8)]) &+ Int(port & 0xFF)])
    }
}
