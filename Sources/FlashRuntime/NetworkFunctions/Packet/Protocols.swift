// SPDX-License-Identifier: Apache-2.0

/// EtherTypes (IEEE 802 numbers).
package enum EtherType {
    package static let ipv4: UInt16 = 0x0800
    package static let arp: UInt16 = 0x0806
    package static let ipv6: UInt16 = 0x86DD
    /// Customer tag, IEEE 802.1Q.
    package static let customerTag: UInt16 = 0x8100
    /// Service tag, IEEE 802.1ad.
    package static let serviceTag: UInt16 = 0x88A8
}

/// Protocol numbers of IPv4, and next headers of IPv6 (IANA).
package enum IPProtocol {
    package static let hopByHop: UInt8 = 0
    package static let icmp: UInt8 = 1
    package static let tcp: UInt8 = 6
    package static let udp: UInt8 = 17
    package static let routing: UInt8 = 43
    package static let fragment: UInt8 = 44
    package static let authentication: UInt8 = 51
    package static let icmpv6: UInt8 = 58
    package static let destinationOptions: UInt8 = 60
    package static let sctp: UInt8 = 132

    /// True where the header begins with a source and a destination port.
    @inline(__always)
    static func hasPorts(_ number: UInt8) -> Bool {
        number == tcp || number == udp || number == sctp
    }
}
