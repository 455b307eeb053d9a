// SPDX-License-Identifier: Apache-2.0

/// A number that all packets of a flow have in common, in both directions.
///
/// Flow means: addresses, protocol and ports; addresses and protocol alone for fragments, since only the first one has
/// ports, and for protocols without ports; Ethernet addresses and EtherType for what is not IP or does not parse.
package enum FlowHash {
    /// - Parameters:
    ///   - bytes: the Ethernet header.
    ///   - length: in bytes; nothing behind it is read.
    /// - Returns: evenly spread over all of UInt32; 0 for what has no Ethernet header.
    @inline(__always)
    package static func hash(_ bytes: UnsafeRawPointer, length: Int) -> UInt32 {
        var headers = PacketHeaders(bytes, length: length)
        guard headers.readLink() == nil, headers.readNetwork() == nil else {
            return link(bytes, length: length)
        }
        return hash(headers)
    }

    /// - Parameter headers: read up to the network header, without a fault.
    @inline(__always)
    static func hash(_ headers: PacketHeaders) -> UInt32 {
        let bytes = headers.bytes
        let offset = headers.networkOffset
        let source: UInt64
        let destination: UInt64
        switch headers.network {
        case .ipv4:
            source = UInt64(bytes.big32(offset &+ 12)) << 16
            destination = UInt64(bytes.big32(offset &+ 16)) << 16
        case .ipv6:
            source = mix(bytes.big64(offset &+ 8) ^ first, bytes.big64(offset &+ 16) ^ second)
            destination = mix(bytes.big64(offset &+ 24) ^ first, bytes.big64(offset &+ 32) ^ second)
        case .arp, .other:
            return link(bytes, length: headers.length)
        }
        guard headers.fragment == .whole else {
            // What is behind IPv6's fragment header is known of the first fragment only.
            let isIPv6 = headers.network == .ipv6
            return finish(source, destination, isIPv6 ? IPProtocol.fragment : headers.transportProtocol)
        }
        guard headers.hasPorts, headers.end &- headers.transportOffset >= 4 else {
            return finish(source, destination, headers.transportProtocol)
        }
        return finish(
            source ^ UInt64(headers.sourcePort), destination ^ UInt64(headers.destinationPort),
            headers.transportProtocol)
    }

    @inline(never)
    private static func link(_ bytes: UnsafeRawPointer, length: Int) -> UInt32 {
        guard length >= 14 else { return 0 }
        let etherType = UInt64(bytes.big16(12)) << 48
        return finish(bytes.big48(0) ^ etherType, bytes.big48(6) ^ etherType, 0)
    }

    /// The smaller end first, so that a flow has one hash in both directions.
    @inline(__always)
    private static func finish(_ one: UInt64, _ other: UInt64, _ transportProtocol: UInt8) -> UInt32 {
        let mixed = mix(
            min(one, other) ^ first, mix(max(one, other) ^ second, third ^ UInt64(transportProtocol)))
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }

    /// Both halves of the product folded into one: each bit of the result depends on all bits of both factors.
    @inline(__always)
    private static func mix(_ one: UInt64, _ other: UInt64) -> UInt64 {
        let product = one.multipliedFullWidth(by: other)
        return product.high ^ product.low
    }

    /// The first 64 bits behind the point of the square roots of 2, 3 and 5 (made odd): no structure, nothing chosen.
    private static var first: UInt64 { 0x6A09_E667_F3BC_C909 }
    private static var second: UInt64 { 0xBB67_AE85_84CA_A73B }
    private static var third: UInt64 { 0x3C6E_F372_FE94_F82B }
}
