// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct FirewallTests {
    private typealias B = PacketBuilder
    private let memory = GuardedBatch()

    private func firewall(_ rules: [String], acceptsByDefault: Bool = true) throws -> Firewall {
        try Firewall.make([
            "rules": .list(rules.map { .string($0) }), "default": .string(acceptsByDefault ? "accept" : "deny"),
        ])
    }

    private func verdicts(_ rules: [String], acceptsByDefault: Bool = true, _ packets: [[UInt8]]) throws -> [Verdict] {
        var program = try firewall(rules, acceptsByDefault: acceptsByDefault)
        return memory.run(&program, packets).map(\.verdict)
    }

    private static let accept = Verdict.output(0)
    private static let deny = Verdict.output(1)

    /// Compares with the naive matcher; any difference is shown with rules and packet.
    private func compare(_ naive: NaiveFirewall, _ packets: [NaiveFirewall.Packet]) throws {
        let rules = naive.rules.map(\.text)
        let found = try verdicts(rules, acceptsByDefault: naive.acceptsByDefault, packets.map(\.bytes))
        for (packet, verdict) in zip(packets, found) {
            let expected = naive.accepts(packet) ? Self.accept : Self.deny
            if verdict != expected {
                Issue.record("\(packet): \(verdict), not \(expected), by \(rules), \(naive.acceptsByDefault)")
                return
            }
        }
    }

    @Test(arguments: 0..<8) func agreesWithTheNaiveMatcherOnFewRules(seed: Int) throws {
        var random = RandomFirewall(seed: UInt64(seed))
        for _ in 0..<250 {
            let rules = random.below(12)
            try compare(random.firewall(rules: rules), (0..<48).map { _ in random.packet() })
        }
    }

    @Test(arguments: [63, 64, 65, 128, 129, 700, 1000, 4096]) func agreesWithTheNaiveMatcherOnManyRules(count: Int)
        throws
    {
        var random = RandomFirewall(seed: UInt64(count))
        var naive = random.firewall(rules: count)
        // Rules that match little, so that late ones decide too.
        naive.rules.removeAll { $0.source.address == nil || $0.destination.address == nil || $0.source.prefix < 24 }
        while naive.rules.count < count {
            var rule = random.rule()
            guard let source = rule.source.address, rule.destination.address != nil else { continue }
            rule.source.prefix = source.count * 8
            naive.rules.append(rule)
        }
        try compare(naive, (0..<512).map { _ in random.packet() })
    }

    @Test func theFirstMatchHolds() throws {
        let packet = B.ethernet(0x0800, B.ipv4(6, B.tcp(1, 23)))
        #expect(try verdicts(["deny tcp to any port 23", "accept any"], [packet]) == [Self.deny])
        #expect(try verdicts(["accept any", "deny tcp to any port 23"], [packet]) == [Self.accept])
        #expect(try verdicts([], [packet]) == [Self.accept])
        #expect(try verdicts([], acceptsByDefault: false, [packet]) == [Self.deny])
    }

    @Test func whatIsNotIPPassesUnlessARuleSaysSo() throws {
        let packets = [B.ethernet(0x0806, B.arp()), B.ethernet(0x88CC, [1])]
        #expect(try verdicts(["deny any"], acceptsByDefault: false, packets) == [Self.accept, Self.accept])
        #expect(try verdicts(["deny arp"], packets) == [Self.deny, Self.accept])
        #expect(try verdicts(["deny non-ip"], packets) == [Self.deny, Self.deny])
        #expect(try verdicts(["accept arp", "deny non-ip"], packets) == [Self.accept, Self.deny])
    }

    @Test func tagsOptionsAndExtensionHeadersHideNothing() throws {
        let rules = ["deny udp to any port 2000", "deny tcp to any port 12"]
        let tagged = B.ethernet(0x0800, tags: [(0x88A8, 1), (0x8100, 2)], B.ipv4(17, options: [1, 1, 1, 0], B.udp()))
        #expect(try verdicts(rules, [tagged]) == [Self.deny])
        let extended = Sample.all.filter { $0.name == "all extension headers" }.map(\.bytes)
        #expect(try verdicts(rules, extended) == [Self.deny])
    }

    @Test func laterFragmentsMatchAcceptingRulesOnly() throws {
        let later = B.ethernet(0x0800, B.ipv4(17, offset: 1480, [1, 2, 3]))
        #expect(try verdicts(["deny udp to any port 53"], [later]) == [Self.accept])
        #expect(try verdicts(["accept udp to 10.0.0.2 port 53"], acceptsByDefault: false, [later]) == [Self.accept])
        #expect(try verdicts(["accept udp to 10.0.0.3 port 53"], acceptsByDefault: false, [later]) == [Self.deny])
        #expect(try verdicts(["accept tcp to 10.0.0.2 port 53"], acceptsByDefault: false, [later]) == [Self.deny])
        #expect(try verdicts(["deny udp"], [later]) == [Self.deny])
    }

    @Test func capturedTelnetIsDenied() throws {
        let packets = Capture.tcpUDP.packets()
        let found = try verdicts(["deny tcp to 10.77.0.2 port 23", "deny udp from fd77::/16 port 40001"], packets)
        for (packet, verdict) in zip(packets, found) {
            let isTCP = packet[12] == 8 && packet[13] == 0 && packet[23] == 6
            let toServer = isTCP && Array(packet[30..<34]) == [10, 77, 0, 2]
            let isUDP6 = packet[12] == 0x86 && packet[20] == 17
            #expect(verdict == (toServer || isUDP6 ? Self.deny : Self.accept))
        }
        #expect(found.filter { $0 == Self.deny }.count == 7)
    }

    @Test func verdictsAreCounted() throws {
        let memory = GuardedBatch()
        var program = try firewall(["deny tcp"])
        let tcp = B.ethernet(0x0800, B.ipv4(6, B.tcp()))
        let udp = B.ethernet(0x0800, B.ipv4(17, B.udp()))
        _ = memory.run(&program, [tcp, udp, udp, [1], B.ethernet(0x0806, B.arp())])
        #expect(memory.counters.value(of: 0) == 3)
        #expect(memory.counters.value(of: 1) == 1)
    }

    @Test func newRulesAreTakenWhileRunning() throws {
        var program = try firewall(["deny tcp"])
        let tcp = [B.ethernet(0x0800, B.ipv4(6, B.tcp()))]
        #expect(memory.run(&program, tcp)[0].verdict == Self.deny)
        program.reconfigure(as: try firewall(["deny udp"]))
        #expect(memory.run(&program, tcp)[0].verdict == Self.accept)
    }
}
