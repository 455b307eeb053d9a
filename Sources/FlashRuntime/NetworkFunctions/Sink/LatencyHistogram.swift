// SPDX-License-Identifier: Apache-2.0

/// How often each latency was seen, to 3 digits: exact below 2,048 ns, then 1,024 buckets for each power of two, as in
/// HdrHistogram. Each quantile's bucket is kept up to date, so that looking at it costs nothing.
struct LatencyHistogram {
    /// The bucket in which a quantile lies, and how many latencies lie in the buckets before it.
    private struct Mark: BitwiseCopyable {
        var perMille: UInt64
        var bucket = 0
        var below: UInt64 = 0
    }

    /// Ends at 36 minutes: what is above counts as that.
    private static var bucketCount: Int { 32 * 1024 }

    private let counts = OwnedBuffer<UInt64>(zeroed: bucketCount)
    private let marks: OwnedBuffer<Mark>
    private var total: UInt64 = 0

    /// - Parameter quantiles: in 1/1000, which are numbered as they come.
    init(perMille quantiles: [UInt64]) {
        marks = OwnedBuffer(quantiles.map { Mark(perMille: $0) })
    }

    @inline(__always)
    mutating func note(_ latency: UInt64) {
        let bucket = Self.bucket(of: latency)
        counts.base[bucket] &+= 1
        total &+= 1
        for index in 0..<marks.count where bucket < marks.base[index].bucket {
            marks.base[index].below &+= 1
        }
    }

    /// The quantile of all that were noted, in nanoseconds; 0 where there are none.
    mutating func quantile(_ index: Int) -> UInt64 {
        guard total > 0 else { return 0 }
        let counts = counts.base
        var mark = marks.base[index]
        let rank = max(1, (total &* mark.perMille &+ 999) / 1000)
        while mark.below >= rank {
            mark.bucket &-= 1
            mark.below &-= counts[mark.bucket]
        }
        while mark.below &+ counts[mark.bucket] < rank {
            mark.below &+= counts[mark.bucket]
            mark.bucket &+= 1
        }
        marks.base[index] = mark
        return Self.middle(of: mark.bucket)
    }

    private static func bucket(of latency: UInt64) -> Int {
        let latency = min(latency, 1 << 41 - 1)
        let shift = max(0, 53 - latency.leadingZeroBitCount)
        return shift &* 1024 &+ Int(latency >> UInt64(shift))
    }

    private static func middle(of bucket: Int) -> UInt64 {
        let shift = max(0, bucket / 1024 - 1)
        return UInt64(bucket - shift * 1024) << UInt64(shift) + (1 << UInt64(shift)) / 2
    }
}
