// SPDX-License-Identifier: Apache-2.0

/// A token bucket: how many packets are due. Exact over any time, since it counts from a fixed moment instead of adding
/// up rounded intervals; what was missed beyond the bucket's depth is not made up for.
struct Pace {
    /// Packets in `denominator` nanoseconds; 0 for no limit.
    private let numerator: UInt64
    private let denominator: UInt64
    /// Packets that may be made up for at once: those of 10 ms, for threads that share a core.
    private let depth: UInt64
    /// Packets of 20 microseconds: so many at least are worth being woken for.
    private let burst: UInt64
    /// When counting began.
    private var start: UInt64?
    /// Tokens that were taken, or lost, since then.
    private var spent: UInt64 = 0

    /// - Parameters:
    ///   - rate: packets a second, 0 to 1,000,000,000; 0 for no limit.
    ///   - share: how many of `total` flows this bucket is for.
    init(rate: Int, share: Int, of total: Int) {
        numerator = UInt64(clamping: rate) &* UInt64(clamping: share)
        denominator = 1_000_000_000 &* UInt64(clamping: max(total, 1))
        let perSecond = numerator / UInt64(clamping: max(total, 1))
        depth = max(64, perSecond / 100)
        burst = min(max(1, perSecond / 50_000), 32)
    }

    /// Takes up to `wanted` tokens.
    @inline(__always)
    mutating func take(atMost wanted: Int, now: UInt64) -> Int {
        guard numerator != 0 else { return wanted }
        return takeLimited(atMost: wanted, now: now)
    }

    private mutating func takeLimited(atMost wanted: Int, now: UInt64) -> Int {
        guard let start else {
            // The bucket begins with one token: the first packet is due at once.
            self.start = now
            spent = min(UInt64(wanted), 1)
            return Int(spent)
        }
        let elapsed = now > start ? now &- start : 0
        // At most one packet a nanosecond, so that the quotient fits.
        let (earned, _) = denominator.dividingFullWidth(elapsed.multipliedFullWidth(by: numerator))
        let total = earned &+ 1
        var available = total > spent ? total &- spent : 0
        if available > depth {
            spent = total &- depth
            available = depth
        }
        let taken = min(available, UInt64(wanted))
        spent &+= taken
        return Int(taken)
    }

    /// When the next burst, or the last `remaining` packets, will be due.
    func nextDue(now: UInt64, remaining: UInt64) -> UInt64 {
        guard numerator != 0, let start else { return now }
        let needed = (spent &+ min(burst, remaining) &- 1).multipliedFullWidth(by: denominator)
        guard needed.high < numerator else { return .max }
        let (wait, remainder) = numerator.dividingFullWidth(needed)
        return start &+ wait &+ (remainder == 0 ? 0 : 1)
    }
}
