// SPDX-License-Identifier: Apache-2.0

/// The Internet checksum: RFC 1071, and RFC 1624 for changes.
enum Checksum {
    /// The sum of the 16-bit words of `count` bytes, not folded and not complemented. An odd last byte is padded.
    static func sum(_ bytes: UnsafeRawPointer, count: Int) -> UInt64 {
        var sum: UInt64 = 0
        var offset = 0
        while offset &+ 4 <= count {
            sum &+= UInt64(bytes.big32(offset))
            offset &+= 4
        }
        if offset &+ 2 <= count {
            sum &+= UInt64(bytes.big16(offset))
            offset &+= 2
        }
        if offset < count {
            sum &+= UInt64(bytes.byte(offset)) << 8
        }
        return sum
    }

    /// Adds the carries back in: 16 bits.
    @inline(__always)
    static func fold(_ sum: UInt64) -> UInt16 {
        var sum = (sum >> 32) &+ (sum & 0xFFFF_FFFF)
        sum = (sum >> 32) &+ (sum & 0xFFFF_FFFF)
        sum = (sum >> 16) &+ (sum & 0xFFFF)
        sum = (sum >> 16) &+ (sum & 0xFFFF)
        return UInt16(truncatingIfNeeded: sum)
    }

    /// What goes into the packet.
    @inline(__always)
    static func finish(_ sum: UInt64) -> UInt16 { ~fold(sum) }

    /// The checksum after one 16-bit word of what it covers became another (RFC 1624, equation 3). A checksum that was
    /// wrong stays wrong, so that the receiver notices.
    @inline(__always)
    static func update(_ checksum: UInt16, from old: UInt16, to new: UInt16) -> UInt16 {
        finish(UInt64(~checksum) &+ UInt64(~old) &+ UInt64(new))
    }

    /// The sum of the IPv4 or IPv6 pseudo header (RFC 9293, RFC 8200 section 8.1).
    ///
    /// - Parameters:
    ///   - addresses: source and destination, one behind the other.
    ///   - addressBytes: 8 for IPv4, 32 for IPv6.
    ///   - length: of the transport header and what follows, in bytes.
    static func pseudoHeader(
        _ addresses: UnsafeRawPointer, addressBytes: Int, transportProtocol: UInt8, length: Int
    ) -> UInt64 {
        sum(addresses, count: addressBytes) &+ UInt64(transportProtocol) &+ UInt64(length)
    }
}
