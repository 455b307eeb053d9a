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
        for first in stride(from: 0, to: 1 << 16, by: 256) {
            let page = intervals.pieces(from: UInt16(first), through: UInt16(first + 255))
            if page.count == 1, let known = uniform[page[0].offset] {
                pages.append(known)
                continue
            }
            if page.count == 1 { uniform[page[0].offset] = Int32(entries.count) }
            pages.append(Int32(entries.count))
            for piece in page {
                entries += repeatElement(piece.offset, count: piece.count)
            }
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
