// SPDX-License-Identifier: Apache-2.0

/// One field of a packet: all numbers, cut where any rule begins or ends, so that within an interval the same rules
/// apply. For each interval it says where in `RuleVectors` the set of these rules lies.
struct Intervals<Key: FixedWidthInteger & UnsignedInteger> {
    /// The first number of each interval, ascending from 0.
    private(set) var starts: [Key] = []
    /// For each interval, in words.
    private(set) var offsets: [Int32] = []

    /// - Parameters:
    ///   - ranges: for each rule the numbers that it matches; ranges of a rule may overlap.
    ///   - vectors: takes the sets.
    init(_ ranges: [[ClosedRange<Key>]], _ vectors: inout RuleVectors.Builder) {
        var changes: [(at: Key, rule: Int, isStart: Bool)] = []
        for (rule, ranges) in ranges.enumerated() {
            for range in Self.merged(ranges) {
                changes.append((range.lowerBound, rule, true))
                if range.upperBound < Key.max { changes.append((range.upperBound + 1, rule, false)) }
            }
        }
        changes.sort { $0.at < $1.at }
        var rules = vectors.empty
        var next = 0
        var start: Key = 0
        while true {
            while next < changes.count, changes[next].at == start {
                vectors.set(changes[next].rule, to: changes[next].isStart, in: &rules)
                next += 1
            }
            let offset = vectors.add(rules)
            if offsets.last != offset {
                starts.append(start)
                offsets.append(offset)
            }
            if next == changes.count { break }
            start = changes[next].at
        }
    }

    /// Disjoint and not touching, so that no rule ends where it begins again.
    private static func merged(_ ranges: [ClosedRange<Key>]) -> [ClosedRange<Key>] {
        var result: [ClosedRange<Key>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, last.upperBound == Key.max || range.lowerBound <= last.upperBound + 1 {
                result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// The interval that `low` lies in, cut off to `low...high`: for small keys.
    func piece(from low: Key, through high: Key) -> (offset: Int32, count: Int) {
        // The last interval that begins at or before `low`.
        var index = 0
        var end = starts.count
        while index + 1 < end {
            let middle = (index + end) / 2
            if starts[middle] <= low { index = middle } else { end = middle }
        }
        let next = index + 1 < starts.count ? min(Int(starts[index + 1]), Int(high) + 1) : Int(high) + 1
        return (offsets[index], next - Int(low))
    }
}
