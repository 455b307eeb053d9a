// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Memory of fixed size, freed with its owner. A program keeps one beside a copy of its `base`, so that the hot path
/// goes through the pointer alone, without reference counting, bounds or exclusivity checks.
final class OwnedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>
    let count: Int

    /// All bytes zero, which has to be a valid `Element`. Pages that nobody touches take no memory.
    init(zeroed count: Int) {
        guard let memory = calloc(max(count, 1), MemoryLayout<Element>.stride) else {
            fatalError("no memory for \(count) elements of \(Element.self)")
        }
        base = memory.bindMemory(to: Element.self, capacity: max(count, 1))
        self.count = count
    }

    convenience init(_ elements: [Element]) {
        self.init(zeroed: elements.count)
        elements.withUnsafeBufferPointer { source in
            guard let first = source.baseAddress else { return }
            base.update(from: first, count: source.count)
        }
    }

    deinit {
        free(base)
    }
}
