// SPDX-License-Identifier: Apache-2.0

/// Which sequence numbers of a flow have come: the next one that is expected, and which of the 64 before it are here.
/// Numbers wrap (RFC 1982). All zero is the state before the first packet.
struct SequenceWindow: BitwiseCopyable {
    private var next: UInt32 = 0
    private var isStarted = false
    /// Bit i: number `next - 1 - i` has come, or is from before the first packet.
    private var seen: UInt64 = 0

    enum Event: Equatable {
        case next
        /// So many numbers were passed over.
        case ahead(UInt32)
        /// A number that was passed over before.
        case late
        case duplicate
    }

    /// A number that lies further back is no late packet: the generator has begun anew.
    private static var lateLimit: UInt32 { 1 << 16 }

    @inline(__always)
    mutating func note(_ number: UInt32) -> Event {
        if number == next, isStarted {
            next &+= 1
            seen = seen << 1 | 1
            return .next
        }
        return noteUnexpected(number)
    }

    private mutating func noteUnexpected(_ number: UInt32) -> Event {
        let ahead = number &- next
        let behind = next &- number
        if !isStarted || (ahead >= 1 << 31 && behind > Self.lateLimit) {
            self = SequenceWindow(next: number &+ 1, isStarted: true, seen: .max)
            return .next
        }
        if ahead < 1 << 31 {
            next = number &+ 1
            seen = ahead < 63 ? seen << (ahead &+ 1) | 1 : 1
            return .ahead(ahead)
        }
        guard behind <= 64 else { return .late }
        let bit: UInt64 = 1 << (behind &- 1)
        guard seen & bit == 0 else { return .duplicate }
        seen |= bit
        return .late
    }
}
