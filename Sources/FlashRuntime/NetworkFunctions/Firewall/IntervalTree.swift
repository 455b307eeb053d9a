// SPDX-License-Identifier: Apache-2.0

/// `Intervals` for searching.
struct IntervalTree<Key: BitwiseCopyable & FixedWidthInteger & UnsignedInteger & Sendable> {
    /// All interval starts but the first as a complete binary tree, the root at 1, the children of i at 2i and 2i + 1,
    /// filled up with `Key.max`.
    private let nodes: OwnedBuffer<Key>
    /// For each interval; those that only fill up have the offset of the last one.
    private let offsets: OwnedBuffer<Int32>
    private let root: UnsafeMutablePointer<Key>
    /// As far before the first offset as there are nodes.
    private let leaves: UnsafeMutablePointer<Int32>
    private let depth: Int

    init(_ intervals: Intervals<Key>) {
        let count = intervals.starts.count
        depth = Int.bitWidth - (count - 1).leadingZeroBitCount
        let size = 1 << depth
        var nodes = [Key](repeating: Key.max, count: size)
        for node in 1..<max(size, 2) where size > 1 {
            // A node of level l, the p-th one there, stands between its two subtrees.
            let level = Int.bitWidth - 1 - node.leadingZeroBitCount
            let place = node - (1 << level)
            let rank = (2 * place + 1) << (depth - 1 - level)
            if rank < count { nodes[node] = intervals.starts[rank] }
        }
        let last = intervals.offsets.suffix(1)
        self.nodes = OwnedBuffer(nodes)
        offsets = OwnedBuffer(intervals.offsets + last.flatMap { Array(repeating: $0, count: size - count) })
        root = self.nodes.base
        leaves = offsets.base - size
    }

    /// Goes down by arithmetic (a subtraction's borrow): a branch would be mispredicted every other time, which costs more
    /// than the step.
    @inline(__always)
    func offset(of key: Key) -> Int {
        var node = 1
        var steps = depth
        while steps > 0 {
            let isBelow = key.subtractingReportingOverflow(root[node]).overflow
            node = 2 &* node &+ 1 &- (isBelow ? 1 : 0)
            steps &-= 1
        }
        return Int(leaves[node])
    }
}
