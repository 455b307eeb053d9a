// SPDX-License-Identifier: Apache-2.0

/// Hands out pieces of an address range, first fit, in units of two cache lines.
struct ExtentAllocator {
    private var free: [Range<Int>]
    private static let unit = 128

    init(start: Int, size: Int) {
        let first = SharedDatapath.roundUp(start, to: Self.unit)
        free = [first..<max(first, start + size)]
    }

    mutating func allocate(_ size: Int) -> Range<Int>? {
        let wanted = SharedDatapath.roundUp(max(size, 1), to: Self.unit)
        guard let index = free.firstIndex(where: { $0.count >= wanted }) else { return nil }
        let start = free[index].lowerBound
        if free[index].count == wanted {
            free.remove(at: index)
        } else {
            free[index] = start + wanted..<free[index].upperBound
        }
        return start..<start + wanted
    }

    /// Takes a piece that is known to be in use; false where part of it is not free.
    mutating func reserve(_ range: Range<Int>) -> Bool {
        let end = SharedDatapath.roundUp(range.upperBound, to: Self.unit)
        guard range.lowerBound % Self.unit == 0, !range.isEmpty,
            let index = free.firstIndex(where: { $0.lowerBound <= range.lowerBound && end <= $0.upperBound })
        else { return false }
        let hole = free.remove(at: index)
        if end < hole.upperBound { free.insert(end..<hole.upperBound, at: index) }
        if hole.lowerBound < range.lowerBound { free.insert(hole.lowerBound..<range.lowerBound, at: index) }
        return true
    }

    mutating func release(_ range: Range<Int>) {
        let piece = range.lowerBound..<SharedDatapath.roundUp(range.upperBound, to: Self.unit)
        let index = free.firstIndex { $0.lowerBound >= piece.upperBound } ?? free.count
        free.insert(piece, at: index)
        if index + 1 < free.count, free[index].upperBound == free[index + 1].lowerBound {
            free[index] = free[index].lowerBound..<free[index + 1].upperBound
            free.remove(at: index + 1)
        }
        if index > 0, free[index - 1].upperBound == free[index].lowerBound {
            free[index - 1] = free[index - 1].lowerBound..<free[index].upperBound
            free.remove(at: index)
        }
    }
}
