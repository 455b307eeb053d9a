// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

/// A well-formed packet, and what a parser has to find in it.
struct Sample: CustomTestStringConvertible, Sendable {
    var name: String
    var bytes: [UInt8]
    var network: PacketHeaders.Network
    var transportProtocol: UInt8 = 0
    var ports: (Int, Int)?
    var fragment = PacketHeaders.Fragment.whole
    var tags = 0

    var testDescription: String { name }

    /// How much of the packet is needed: all of an IP datagram, the link header of what is not known.
    var neededLength: Int { network == .other ? 14 + 4 * tags : bytes.count }

    private static let optionsRecordRoute: [UInt8] = [1, 7, 7, 4, 0, 0, 0, 0]

    static let all: [Sample] = {
        typealias B = PacketBuilder
        func v4(_ payload: [UInt8]) -> [UInt8] { B.ethernet(0x0800, payload) }
        func v6(_ payload: [UInt8]) -> [UInt8] { B.ethernet(0x86DD, payload) }
        return [
            Sample(name: "arp", bytes: B.ethernet(0x0806, B.arp()), network: .arp),
            Sample(name: "lldp", bytes: B.ethernet(0x88CC, [1, 2, 3]), network: .other),
            Sample(name: "802.3", bytes: B.ethernet(3, [0x42, 0x42, 3]), network: .other),
            Sample(
                name: "tcp", bytes: v4(B.ipv4(6, B.tcp(1, 65535, [7]))), network: .ipv4, transportProtocol: 6,
                ports: (1, 65535)),
            Sample(
                name: "tcp with options", bytes: v4(B.ipv4(6, B.tcp(1, 2, options: [2, 4, 5, 0xB4]))), network: .ipv4,
                transportProtocol: 6, ports: (1, 2)),
            Sample(
                name: "udp", bytes: v4(B.ipv4(17, B.udp(3, 4, [9, 9]))), network: .ipv4, transportProtocol: 17,
                ports: (3, 4)),
            Sample(
                name: "sctp", bytes: v4(B.ipv4(132, B.sctp(5, 6))), network: .ipv4, transportProtocol: 132,
                ports: (5, 6)),
            Sample(name: "icmp", bytes: v4(B.ipv4(1, B.icmpEcho())), network: .ipv4, transportProtocol: 1),
            Sample(name: "gre", bytes: v4(B.ipv4(47, [0, 0, 8, 0])), network: .ipv4, transportProtocol: 47),
            Sample(
                name: "ip options", bytes: v4(B.ipv4(17, options: optionsRecordRoute, B.udp(7, 8))), network: .ipv4,
                transportProtocol: 17, ports: (7, 8)),
            Sample(
                name: "first fragment", bytes: v4(B.ipv4(17, hasMore: true, B.udp(7, 8, [0, 0, 0, 0, 0, 0, 0, 0]))),
                network: .ipv4, transportProtocol: 17, ports: (7, 8), fragment: .first),
            Sample(
                name: "later fragment", bytes: v4(B.ipv4(17, offset: 16, [1, 2, 3])), network: .ipv4,
                transportProtocol: 17, fragment: .later),
            Sample(
                name: "tagged", bytes: B.ethernet(0x0800, tags: [(0x8100, 5)], B.ipv4(17, B.udp())), network: .ipv4,
                transportProtocol: 17, ports: (1000, 2000), tags: 1),
            Sample(
                name: "double tagged",
                bytes: B.ethernet(0x86DD, tags: [(0x88A8, 7), (0x8100, 5)], B.ipv6(6, B.tcp())), network: .ipv6,
                transportProtocol: 6, ports: (1000, 2000), tags: 2),
            Sample(
                name: "tagged arp", bytes: B.ethernet(0x0806, tags: [(0x88A8, 7)], B.arp()), network: .arp, tags: 1),
            Sample(
                name: "udp over ipv6", bytes: v6(B.ipv6(17, B.udp(9, 10))), network: .ipv6, transportProtocol: 17,
                ports: (9, 10)),
            Sample(
                name: "icmpv6", bytes: v6(B.ipv6(58, [128, 0, 0, 0, 0, 1, 0, 1])), network: .ipv6,
                transportProtocol: 58),
            Sample(
                name: "all extension headers",
                bytes: v6(
                    B.ipv6(
                        0,
                        [60, 0, 1, 4, 0, 0, 0, 0] + [43, 1] + [UInt8](repeating: 0, count: 14)
                            + [51, 0, 0, 0, 0, 0, 0, 0] + [60, 4] + [UInt8](repeating: 0, count: 22)
                            + [6, 0, 1, 4, 0, 0, 0, 0] + B.tcp(11, 12))),
                network: .ipv6, transportProtocol: 6, ports: (11, 12)),
            Sample(
                name: "first fragment over ipv6",
                bytes: v6(B.ipv6(44, [17, 0, 0, 1, 0, 0, 0, 1] + B.udp(13, 14, [1, 2, 3, 4, 5, 6, 7, 8]))),
                network: .ipv6, transportProtocol: 17, ports: (13, 14), fragment: .first),
            Sample(
                name: "later fragment over ipv6", bytes: v6(B.ipv6(44, [17, 0, 0, 16, 0, 0, 0, 1, 9, 9])),
                network: .ipv6, transportProtocol: 17, fragment: .later),
            Sample(
                name: "atomic fragment", bytes: v6(B.ipv6(44, [17, 0, 0, 0, 0, 0, 0, 1] + B.udp(15, 16))),
                network: .ipv6, transportProtocol: 17, ports: (15, 16)),
            Sample(name: "no next header", bytes: v6(B.ipv6(59, [])), network: .ipv6, transportProtocol: 59),
        ]
    }()
}
