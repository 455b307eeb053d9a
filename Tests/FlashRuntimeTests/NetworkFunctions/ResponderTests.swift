// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct ResponderTests {
    private typealias B = PacketBuilder

    private static let mac: [UInt8] = [0x02, 0x77, 0, 0, 0, 2]

    private func responder() throws -> Responder {
        try Responder.make([
            "addresses": .list(["10.77.0.2", "fd77::2", "10.0.0.2", "fd00::2"].map { .string($0) }),
            "mac": .string("02:77:00:00:00:02"),
        ])
    }

    private func answer(_ packet: [UInt8], headroom: Int = 0) throws -> (verdict: Verdict, content: [UInt8]) {
        let batch = GuardedBatch()
        var program = try responder()
        return batch.run(&program, [packet], headroom: headroom)[0]
    }

    /// The real host's answer is the packet behind the request, but for what it is free to choose.
    @Test func answersARPAsLinuxDid() throws {
        let packets = Capture.ping.packets()
        let result = try answer(packets[0])
        #expect(result.verdict == .output(0))
        #expect(result.content == packets[1])
    }

    @Test(arguments: [(Capture.ping, 2), (.ping, 4), (.options, 0)])
    func answersEchoAsLinuxDid(capture: Capture, index: Int) throws {
        let packets = capture.packets()
        let result = try answer(packets[index])
        #expect(result.verdict == .output(0))
        let headerLength = Int(result.content[14] & 0xF) * 4
        #expect(B.checksum(Array(result.content[14..<(14 + headerLength)])) == 0)
        #expect(B.checksum(Array(result.content[(14 + headerLength)...])) == 0)
        #expect(Array(result.content[..<12]) == Array(packets[index + 1][..<12]))
        #expect(Array(result.content[26..<34]) == Array(packets[index + 1][26..<34]))
        #expect(Array(result.content[(14 + headerLength)...]) == Array(packets[index + 1][(14 + headerLength)...]))
    }

    @Test func answersNeighbourSolicitationAsLinuxDid() throws {
        let packets = Capture.ping6.packets()
        let result = try answer(packets[0])
        #expect(result.verdict == .output(0))
        #expect(result.content == packets[1])
    }

    @Test(arguments: [2, 4]) func answersEcho6AsLinuxDid(index: Int) throws {
        let packets = Capture.ping6.packets()
        let result = try answer(packets[index])
        #expect(result.verdict == .output(0))
        // Behind traffic class and flow label, which Linux chooses by itself.
        #expect(Array(result.content[18...]) == Array(packets[index + 1][18...]))
        #expect(Array(result.content[..<15]) == Array(packets[index + 1][..<15]))
    }

    @Test func tagsStay() throws {
        let packets = Capture.vlan.packets()
        for packet in packets {
            let result = try answer(packet)
            #expect(result.verdict == .output(0))
            #expect(Array(result.content[12..<16]) == Array(packet[12..<16]))
            #expect(Array(result.content[..<6]) == Array(packet[6..<12]))
        }
        let echo6 = try answer(packets[2]).content
        #expect(B.checksum6(echo6, ipAt: 22, nextHeader: 58) == 0)
    }

    private func solicitation(
        from source: [UInt8], target: UInt8 = 2, options: [UInt8] = [], hopLimit: UInt8 = 255, damage: UInt8 = 0
    ) -> [UInt8] {
        let message = [135, 0, 0, 0, 0, 0, 0, 0] + B.address6(target) + options
        var packet = B.ethernet(0x86DD, B.ipv6(58, from: source, to: B.address6(2), hopLimit: hopLimit, message))
        packet.replaceSubrange(56..<58, with: B.big16(B.checksum6(packet, ipAt: 14, nextHeader: 58)))
        packet[57] ^= damage
        return packet
    }

    @Test func aHostWithoutAnAddressHearsTheAnswerAsOneOfAll() throws {
        let result = try answer(solicitation(from: [UInt8](repeating: 0, count: 16)), headroom: 8)
        #expect(result.verdict == .output(0))
        #expect(result.content.count == 86)
        #expect(Array(result.content[..<6]) == [0x33, 0x33, 0, 0, 0, 1])
        #expect(Array(result.content[38..<54]) == [0xFF, 2] + [UInt8](repeating: 0, count: 13) + [1])
        #expect(Array(result.content[58..<62]) == [0x20, 0, 0, 0])
        #expect(Array(result.content[78...]) == [2, 1] + Self.mac)
        #expect(B.checksum6(result.content, ipAt: 14, nextHeader: 58) == 0)
    }

    @Test func aSolicitationThatIsNotValidGetsNoAnswer() throws {
        let own = B.address6(1)
        #expect(try answer(solicitation(from: own), headroom: 8).verdict == .output(0))
        let refused = [
            solicitation(from: own, target: 3), solicitation(from: own, hopLimit: 254),
            solicitation(from: own, damage: 1), solicitation(from: own, options: [1, 0, 0, 0, 0, 0, 0, 0]),
            solicitation(from: own, options: [1, 2, 0, 0, 0, 0, 0, 0]), solicitation(from: own, options: [1, 1, 0]),
            solicitation(from: [UInt8](repeating: 0, count: 16), options: [1, 1, 2, 0, 0, 0, 0, 1]),
            solicitation(from: [0xFF] + [UInt8](repeating: 0, count: 15)),
        ]
        for packet in refused {
            let result = try answer(packet, headroom: 32)
            #expect(result.verdict == .drop(.unhandled))
            #expect(result.content == packet)
        }
        // No room for the option that the answer needs.
        #expect(try answer(solicitation(from: own), headroom: 7).verdict == .drop(.unhandled))
    }

    @Test func otherPacketsAreUnhandledAndUntouched() throws {
        let others: [String: [UInt8]] = [
            "arp reply": B.ethernet(0x0806, B.arp(2)),
            "arp for another": B.ethernet(0x0806, B.arp(target: [10, 0, 0, 3])),
            "announcement of our address": B.ethernet(0x0806, B.arp(sender: [10, 0, 0, 2])),
            "arp from a group": B.ethernet(0x0806, B.arp(senderMAC: [1, 0, 0, 0, 0, 1])),
            "echo for another": B.ethernet(0x0800, B.ipv4(1, to: [10, 0, 0, 3], B.icmpEcho())),
            "echo reply": B.ethernet(0x0800, B.ipv4(1, B.icmpEcho(0))),
            "echo from a group": B.ethernet(0x0800, B.ipv4(1, from: [224, 0, 0, 1], B.icmpEcho())),
            "first fragment": B.ethernet(0x0800, B.ipv4(1, hasMore: true, B.icmpEcho())),
            "source route": B.ethernet(
                0x0800, B.ipv4(1, options: [131, 7, 4, 10, 0, 0, 9, 0], B.icmpEcho())),
            "broken option": B.ethernet(0x0800, B.ipv4(1, options: [7, 1, 0, 0], B.icmpEcho())),
            "udp": B.ethernet(0x0800, B.ipv4(17, B.udp())),
            "echo6 for another": B.ethernet(
                0x86DD, B.ipv6(58, to: B.address6(9), [128, 0, 0, 0, 0, 1, 0, 1])),
            "echo6 behind options": B.ethernet(
                0x86DD, B.ipv6(60, [58, 0, 1, 4, 0, 0, 0, 0] + [128, 0, 0, 0, 0, 1, 0, 1])),
            "lldp": B.ethernet(0x88CC, [1, 2, 3]),
        ]
        for (name, packet) in others {
            let result = try answer(packet, headroom: 64)
            #expect(result.verdict == .drop(.unhandled), "\(name)")
            #expect(result.content == packet, "\(name)")
        }
    }

    @Test func aDamagedRequestGetsADamagedAnswer() throws {
        var packet = B.ethernet(0x0800, B.ipv4(1, B.icmpEcho()))
        packet[50] ^= 0x40
        let result = try answer(packet)
        #expect(result.verdict == .output(0))
        #expect(B.checksum(Array(result.content[34...])) != 0)
        #expect(B.checksum(Array(result.content[14..<34])) == 0)
    }

    /// The update of a checksum is right for every value that it can have.
    @Test func echoChecksumsAreRightForAnyContent() throws {
        let batch = GuardedBatch()
        var program = try responder()
        var random = SeededGenerator(seed: 1)
        let packets = (0..<2048).map { index in
            B.ethernet(
                0x0800,
                B.ipv4(
                    1, timeToLive: UInt8(truncatingIfNeeded: index | 1),
                    B.icmpEcho(8, (0..<Int(random.next() % 9)).map { _ in UInt8(truncatingIfNeeded: random.next()) })))
        }
        for result in batch.run(&program, packets) {
            #expect(result.verdict == .output(0))
            #expect(B.checksum(Array(result.content[14..<34])) == 0)
            #expect(B.checksum(Array(result.content[34...])) == 0)
        }
    }

    @Test func faultsAreNamed() {
        func error(_ addresses: [String], mac: String = "02:00:00:00:00:01") -> ConfigurationError? {
            ProgramCatalog.check(
                program: "responder",
                configuration: .init([
                    "addresses": .list(addresses.map { .string($0) }), "mac": .string(mac),
                ]))
        }
        #expect(error(["10.0.0.1", "fd00::1"]) == nil)
        #expect(error(["10.0.0.1", "10.0.0"])?.element == 1)
        #expect(error(["10.0.0.1", "ff02::1"])?.element == 1)
        #expect(error(["10.0.0.1"], mac: "03:00:00:00:00:01")?.parameter == "mac")
    }
}
