// SPDX-License-Identifier: Apache-2.0

/// Where the headers of one packet lie, found layer by layer: `readLink`, then `readNetwork`, then `readTransport`.
/// A layer that the caller does not ask for is not touched, and no byte at or after `length` ever is.
///
/// Each step returns nil where the packet may go on, else the reason to drop it:
/// - `.truncated`: the headers, or the length that they announce, reach past the end of the packet;
/// - `.malformed`: fields contradict each other, or a standard forbids them;
/// - `.unhandled`: more than two VLAN tags, which would hide what lies below from a program that judges it.
///
/// Checksums are not verified: the hosts at the ends do that.
///
/// No function that stays out of line takes a value of this type: so its parts live in registers, which makes parsing
/// three times as fast.
package struct PacketHeaders {
    package enum Network: UInt8, Sendable {
        /// Neither ARP nor IP, or not read yet.
        case other
        case arp
        case ipv4
        case ipv6
    }

    package enum Fragment: UInt8, Sendable {
        /// The whole datagram (an IPv6 "atomic" fragment, RFC 6946, too).
        case whole
        /// The first of several fragments: it has the transport header.
        case first
        /// A later fragment: its bytes are no transport header.
        case later
    }

    package let bytes: UnsafeRawPointer
    /// In bytes, from the Ethernet header.
    package let length: Int

    /// The EtherType behind the VLAN tags; below 0x600 it is an IEEE 802.3 length.
    package private(set) var etherType: UInt16 = 0
    /// 0 to 2.
    package private(set) var tagCount = 0
    /// Where the network header begins.
    package private(set) var networkOffset = 0

    package private(set) var network = Network.other
    package private(set) var fragment = Fragment.whole
    /// The protocol of what lies at `transportOffset`, behind all extension headers that were walked.
    package private(set) var transportProtocol: UInt8 = 0
    /// Where the header behind the network headers begins; at most `end`.
    package private(set) var transportOffset = 0
    /// Where the IP datagram ends: Ethernet padding may follow.
    package private(set) var end = 0

    @inline(__always)
    package init(_ bytes: UnsafeRawPointer, length: Int) {
        self.bytes = bytes
        self.length = length
    }

    /// Reads the Ethernet header and up to two VLAN tags.
    @inline(__always)
    package mutating func readLink() -> DropReason? {
        guard length >= 14 else { return .truncated }
        etherType = bytes.big16(12)
        networkOffset = 14
        while Self.isTag(etherType) {
            guard tagCount < 2 else { return .unhandled }
            guard length >= networkOffset &+ 4 else { return .truncated }
            etherType = bytes.big16(networkOffset &+ 2)
            networkOffset &+= 4
            tagCount &+= 1
        }
        return nil
    }

    @inline(__always)
    private static func isTag(_ etherType: UInt16) -> Bool {
        etherType == EtherType.customerTag || etherType == EtherType.serviceTag
    }

    /// Reads the ARP, IPv4 or IPv6 header with its extensions; anything else stays `.other`. Needs `readLink`.
    @inline(__always)
    package mutating func readNetwork() -> DropReason? {
        switch etherType {
        case EtherType.ipv4: return readIPv4()
        case EtherType.ipv6: return readIPv6()
        case EtherType.arp: return readARP()
        default: return nil
        }
    }

    /// RFC 791.
    @inline(__always)
    private mutating func readIPv4() -> DropReason? {
        network = .ipv4
        guard length >= networkOffset &+ 20 else { return .truncated }
        let first = bytes.byte(networkOffset)
        let headerLength = Int(first & 0xF) &* 4
        let totalLength = Int(bytes.big16(networkOffset &+ 2))
        guard first >> 4 == 4, headerLength >= 20, totalLength >= headerLength else { return .malformed }
        end = networkOffset &+ totalLength
        guard end <= length else { return .truncated }
        transportOffset = networkOffset &+ headerLength
        transportProtocol = bytes.byte(networkOffset &+ 9)
        let flags = bytes.big16(networkOffset &+ 6)
        guard flags & 0x3FFF != 0 else { return nil }
        fragment = flags & 0x1FFF == 0 ? .first : .later
        return Self.checkFragment(
            offset: Int(flags & 0x1FFF) &* 8, hasMore: flags & 0x2000 != 0, payload: totalLength &- headerLength,
            transportProtocol: transportProtocol)
    }

    /// Refuses what reassembles to more than an IP datagram can be, and a TCP fragment that would overwrite the flags of
    /// the first one (RFC 1858, RFC 3128). Sizes in bytes.
    @inline(__always)
    static func checkFragment(
        offset: Int, hasMore: Bool, payload: Int, transportProtocol: UInt8
    ) -> DropReason? {
        guard offset &+ payload <= 0xFFFF, !hasMore || payload & 7 == 0 else { return .malformed }
        guard transportProtocol != IPProtocol.tcp || offset != 8 else { return .malformed }
        return nil
    }

    /// RFC 8200.
    @inline(__always)
    private mutating func readIPv6() -> DropReason? {
        network = .ipv6
        guard length >= networkOffset &+ 40 else { return .truncated }
        guard bytes.byte(networkOffset) >> 4 == 6 else { return .malformed }
        transportOffset = networkOffset &+ 40
        end = transportOffset &+ Int(bytes.big16(networkOffset &+ 4))
        guard end <= length else { return .truncated }
        transportProtocol = bytes.byte(networkOffset &+ 6)
        guard Self.isExtension(transportProtocol) else { return nil }
        let walk = Self.walkExtensions(bytes, from: transportOffset, to: end, nextHeader: transportProtocol)
        transportOffset = walk.offset
        transportProtocol = walk.nextHeader
        fragment = walk.fragment
        return walk.reason
    }

    /// RFC 826; only Ethernet and IPv4 have their lengths checked.
    @inline(__always)
    private mutating func readARP() -> DropReason? {
        network = .arp
        guard length >= networkOffset &+ 8 else { return .truncated }
        let hardwareLength = Int(bytes.byte(networkOffset &+ 4))
        let protocolLength = Int(bytes.byte(networkOffset &+ 5))
        if bytes.big16(networkOffset) == 1, hardwareLength != 6 { return .malformed }
        if bytes.big16(networkOffset &+ 2) == EtherType.ipv4, protocolLength != 4 { return .malformed }
        end = networkOffset &+ 8 &+ 2 &* (hardwareLength &+ protocolLength)
        return end <= length ? nil : .truncated
    }

    /// Checks that the transport header is whole and makes sense. Needs `readNetwork`. Nothing to do for protocols that
    /// are not known, for later fragments and for what is not IP.
    @inline(__always)
    package mutating func readTransport() -> DropReason? {
        guard network == .ipv4 || network == .ipv6, fragment != .later else { return nil }
        let available = end &- transportOffset
        switch transportProtocol {
        case IPProtocol.tcp:
            guard available >= 20 else { return .truncated }
            let headerLength = Int(bytes.byte(transportOffset &+ 12) >> 4) &* 4
            guard headerLength >= 20 else { return .malformed }
            return headerLength <= available ? nil : .truncated
        case IPProtocol.udp:
            guard available >= 8 else { return .truncated }
            let datagramLength = Int(bytes.big16(transportOffset &+ 4))
            guard datagramLength >= 8 else { return .malformed }
            return datagramLength <= available || fragment == .first ? nil : .truncated
        case IPProtocol.sctp:
            return available >= 12 ? nil : .truncated
        case IPProtocol.icmp, IPProtocol.icmpv6:
            return available >= 8 ? nil : .truncated
        default:
            return nil
        }
    }

    /// True where the packet is known to have ports. Needs `readTransport`, or at least four bytes at `transportOffset`.
    @inline(__always)
    package var hasPorts: Bool {
        IPProtocol.hasPorts(transportProtocol) && fragment != .later
    }

    /// Only where `hasPorts`.
    @inline(__always)
    package var sourcePort: UInt16 { bytes.big16(transportOffset) }

    /// Only where `hasPorts`.
    @inline(__always)
    package var destinationPort: UInt16 { bytes.big16(transportOffset &+ 2) }
}
