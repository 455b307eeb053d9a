// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct PacketHeadersTests {
    private typealias B = PacketBuilder
    private let memory = GuardedBatch()

    /// Lays the packet before a guard page and reads all layers.
    private func read(_ bytes: [UInt8], _ check: (PacketHeaders, DropReason?) -> Void) {
        let batch = memory.load([bytes])
        var headers = PacketHeaders(batch.bytes(0), length: batch.length(0))
        let reason = headers.readLink() ?? headers.readNetwork() ?? headers.readTransport()
        check(headers, reason)
    }

    private func reason(_ bytes: [UInt8]) -> DropReason? {
        var result: DropReason?
        read(bytes) { result = $1 }
        return result
    }

    @Test(arguments: Sample.all) func findsHeaders(sample: Sample) {
        // Once as it is, once with the padding that Ethernet adds to short frames.
        for padding in [0, 30] {
            read(sample.bytes + [UInt8](repeating: 0xFF, count: padding)) { headers, reason in
                #expect(reason == nil)
                #expect(headers.network == sample.network)
                #expect(headers.tagCount == sample.tags)
                #expect(headers.networkOffset == 14 + 4 * sample.tags)
                #expect(headers.transportProtocol == sample.transportProtocol)
                #expect(headers.fragment == sample.fragment)
                #expect(headers.hasPorts == (sample.ports != nil))
                #expect(headers.network == .other || headers.end == sample.bytes.count)
                if let ports = sample.ports {
                    #expect(Int(headers.sourcePort) == ports.0)
                    #expect(Int(headers.destinationPort) == ports.1)
                }
            }
        }
    }

    @Test(arguments: Sample.all) func everyCutIsTruncated(sample: Sample) {
        for length in 0..<sample.neededLength {
            #expect(reason(Array(sample.bytes[..<length])) == .truncated, "\(length) bytes")
        }
    }

    @Test(arguments: Capture.allCases) func capturedPacketsParse(capture: Capture) {
        let packets = capture.packets()
        #expect(!packets.isEmpty)
        for packet in packets {
            #expect(reason(packet) == nil)
            for length in 0..<packet.count {
                #expect(reason(Array(packet[..<length])) == .truncated)
            }
        }
    }

    @Test func capturedFragmentsAreToldApart() {
        for capture in [Capture.fragments, .fragments6] {
            for (index, packet) in capture.packets().enumerated() {
                read(packet) { headers, _ in
                    #expect(headers.fragment == (index % 2 == 0 ? .first : .later))
                    #expect(headers.transportProtocol == (capture == .fragments ? 1 : 58))
                }
            }
        }
    }

    private func v4(_ change: (inout [UInt8]) -> Void) -> [UInt8] {
        var packet = B.ethernet(0x0800, B.ipv4(6, B.tcp()))
        change(&packet)
        return packet
    }

    private func v6(_ next: Int, _ payload: [UInt8]) -> [UInt8] { B.ethernet(0x86DD, B.ipv6(next, payload)) }

    @Test func contradictionsAreMalformed() {
        let malformed: [String: [UInt8]] = [
            "version": v4 { $0[14] = 0x65 },
            "header of 16 bytes": v4 { $0[14] = 0x44 },
            "total length below the header's": v4 { $0[17] = 19 },
            "total length 0": v4 { $0[17] = 0 },
            "tcp header of 16 bytes": v4 { $0[46] = 0x40 },
            "tcp fragment over the flags": B.ethernet(0x0800, B.ipv4(6, offset: 8, B.tcp())),
            "fragment past 65,535": B.ethernet(0x0800, B.ipv4(17, offset: 65528, B.udp())),
            "odd fragment with more behind it": B.ethernet(0x0800, B.ipv4(17, hasMore: true, B.udp(1, 2, [1]))),
            "udp length below 8": B.ethernet(0x0800, B.ipv4(17, [0, 1, 0, 2, 0, 7, 0, 0])),
            "ipv6 version": B.ethernet(0x86DD, B.ipv4(6, B.tcp()) + [UInt8](repeating: 0, count: 40)),
            "hop-by-hop in the middle": v6(60, [0, 0, 1, 4, 0, 0, 0, 0] + [59, 0, 1, 4, 0, 0, 0, 0]),
            "two fragment headers": v6(44, [44, 0, 0, 1, 0, 0, 0, 1] + [17, 0, 0, 0, 0, 0, 0, 1] + B.udp()),
            "endless extension headers": v6(
                60, Array((0..<9).map { _ in [60, 0, 1, 4, 0, 0, 0, 0] as [UInt8] }.joined()) + B.udp()),
            "tcp fragment over the flags, ipv6": v6(44, [6, 0, 0, 8, 0, 0, 0, 1] + B.tcp()),
            "arp with short ethernet addresses": B.ethernet(0x0806, [0, 1, 8, 0, 5, 4, 0, 1] + B.arp()),
            "arp with long ipv4 addresses": B.ethernet(0x0806, [0, 1, 8, 0, 6, 16, 0, 1] + B.arp() + B.arp()),
        ]
        for (name, packet) in malformed {
            #expect(reason(packet) == .malformed, "\(name)")
        }
    }

    @Test func headersThatPointPastTheEndAreTruncated() {
        let truncated: [String: [UInt8]] = [
            "total length": v4 { $0[17] += 1 },
            "tcp header length": v4 { $0[46] = 0xF0 },
            "udp length": B.ethernet(0x0800, B.ipv4(17, [0, 1, 0, 2, 0, 9, 0, 0])),
            "ip options into the payload": v4 { $0[14] = 0x46 },
            "extension header": v6(0, [6, 9, 1, 4, 0, 0, 0, 0] + B.tcp()),
            "authentication header": v6(51, [6, 200, 1, 4, 0, 0, 0, 0] + B.tcp()),
            "first fragment without ports": B.ethernet(0x0800, B.ipv4(6, hasMore: true, [0, 1, 0, 2, 0, 0, 0, 0])),
        ]
        for (name, packet) in truncated {
            #expect(reason(packet) == .truncated, "\(name)")
        }
    }

    /// The IP header says that the datagram ends within the transport header.
    @Test(arguments: [(6, 20), (17, 8), (132, 12), (1, 8), (58, 8)]) func shortTransportHeaders(number: Int, size: Int)
    {
        let header = number == 6 ? B.tcp() : [UInt8](repeating: 0, count: 5) + [8] + [UInt8](repeating: 0, count: 10)
        for length in 0...size {
            let payload = Array(header[..<length])
            let expected: DropReason? = length < size ? .truncated : nil
            #expect(reason(B.ethernet(0x0800, B.ipv4(number, payload) + [UInt8](repeating: 9, count: 40))) == expected)
            #expect(reason(B.ethernet(0x86DD, B.ipv6(number, payload) + [UInt8](repeating: 9, count: 40))) == expected)
        }
    }

    @Test func aThirdTagHidesNothing() {
        let tags = [(0x88A8, 1), (0x8100, 2), (0x8100, 3)]
        #expect(reason(B.ethernet(0x0800, tags: tags, B.ipv4(6, B.tcp()))) == .unhandled)
    }

    @Test func aFirstFragmentMayAnnounceALongerDatagram() {
        #expect(reason(B.ethernet(0x0800, B.ipv4(17, hasMore: true, [0, 1, 0, 2, 9, 0, 0, 0]))) == nil)
    }
}
