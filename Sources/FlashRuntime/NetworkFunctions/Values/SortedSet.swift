// SPDX-License-Identifier: Apache-2.0

/// A set of numbers that does not change, for the hot path.
struct SortedSet<Element: BitwiseCopyable & FixedWidthInteger & Sendable> {
    private let elements: OwnedBuffer<Element>

    init(_ elements: [Element]) {
        self.elements = OwnedBuffer(elements.sorted())
    }

    @inline(__always)
    func contains(_ element: Element) -> Bool {
        let base = elements.base
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low &+ high) >> 1
            if base[middle] < element { low = middle &+ 1 } else { high = middle }
        }
        return low < elements.count && base[low] == element
    }
}
