// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct FirewallRuleTests {
    @Test func rulesAreRead() throws {
        let telnet = try FirewallRule.parse("deny tcp to 10.10.0.2 port 23")
        #expect(telnet.action == .deny)
        #expect(telnet.subject == .transport(6))
        #expect(telnet.source == FirewallRule.Endpoint())
        #expect(telnet.destination.prefix == .ipv4(0x0A0A_0002...0x0A0A_0002))
        #expect(telnet.destination.ports == [23...23])
        #expect(telnet.family == .ipv4)

        let both = try FirewallRule.parse("  accept\tudp from fd00::/64 port 53,1000-2000 to any port 0-65535 ")
        #expect(both.source.prefix == .ipv6((0xFD00 << 112)...(0xFD00 << 112 | UInt128(UInt64.max))))
        #expect(both.source.ports == [53...53, 1000...2000])
        #expect(both.destination == FirewallRule.Endpoint(prefix: nil, ports: [0...65535]))
        #expect(both.family == .ipv6)
    }

    @Test func subjectsAreRead() throws {
        let subjects: [String: FirewallRule.Subject] = [
            "accept": .any, "accept any": .any, "deny ipv4": .ipv4, "deny ipv6": .ipv6, "deny udp": .transport(17),
            "deny sctp": .transport(132), "deny icmp": .transport(1), "deny icmpv6": .transport(58),
            "deny proto 47": .transport(47), "deny arp": .arp, "deny non-ip": .nonIP, "accept from any": .any,
            "accept to port 80": .any,
        ]
        for (text, subject) in subjects {
            #expect(try FirewallRule.parse(text).subject == subject, "\(text)")
        }
        #expect(try FirewallRule.parse("deny icmp").family == .ipv4)
        #expect(try FirewallRule.parse("deny icmpv6").family == .ipv6)
        #expect(try FirewallRule.parse("deny").family == nil)
    }

    @Test func prefixesIgnoreTheBitsBehindThem() throws {
        let prefixes: [String: FirewallRule.Prefix] = [
            "10.1.2.3/8": .ipv4(0x0A00_0000...0x0AFF_FFFF), "10.1.2.3/0": .ipv4(0...UInt32.max),
            "10.1.2.3/32": .ipv4(0x0A01_0203...0x0A01_0203), "::1/0": .ipv6(0...UInt128.max), "::1/128": .ipv6(1...1),
        ]
        for (text, prefix) in prefixes {
            #expect(try FirewallRule.parse("deny from \(text)").source.prefix == prefix)
        }
    }

    /// The place of each fault: `^` in the second string.
    @Test(arguments: [
        ("", "^"),
        ("   ", "^"),
        ("drop tcp", "^"),
        ("deny tpc", "     ^"),
        ("deny tcp port 23", "         ^"),
        ("deny proto", "          ^"),
        ("deny proto 256", "           ^"),
        ("deny proto +6", "           ^"),
        ("deny tcp from", "             ^"),
        ("deny tcp from 10.0.0", "              ^"),
        ("deny tcp from 10.0.0.0/33", "                       ^"),
        ("deny tcp from 10.0.0.0/", "                       ^"),
        ("deny tcp from fd00::/129", "                     ^"),
        ("deny tcp from fd00::/-1", "                     ^"),
        ("deny tcp to any port", "                    ^"),
        ("deny tcp to any port http", "                     ^"),
        ("deny tcp to any port 65536", "                     ^"),
        ("deny tcp to any port 80,443,70000", "                            ^"),
        ("deny tcp to any port 80,", "                        ^"),
        ("deny tcp to any port 80-70000", "                        ^"),
        ("deny tcp to any port 80,20-10", "                        ^"),
        ("deny tcp to any port 1-2-3", "                       ^"),
        ("deny icmp to any port 80", "                 ^"),
        ("deny proto 47 from port 80", "                   ^"),
        ("deny tcp to any from any", "                ^"),
        ("deny tcp from any from any", "                  ^"),
        ("deny tcp from any to any now", "                         ^"),
        ("deny tcp from 10.0.0.1 to ::1", "                          ^"),
        ("deny icmp to ::1", "             ^"),
        ("deny ipv6 from 10.0.0.1", "               ^"),
        ("deny arp from 10.0.0.1", "         ^"),
        ("deny ärger", "     ^"),
        ("deny 🇩🇪 tcp", "     ^"),
        ("deny tcp to any port 80\u{301}", "                     ^"),
    ])
    func faultsAreFoundInTheirPlace(text: String, caret: String) throws {
        let error = #expect(throws: FirewallRule.SyntaxError.self) { try FirewallRule.parse(text) }
        #expect(error?.offset == caret.unicodeScalars.count - 1)
        #expect(error?.message.isEmpty == false)
        #expect(error?.message.hasSuffix(".") == false)
    }

    @Test func theConfigurationErrorNamesTheRule() {
        let error = ProgramCatalog.check(
            program: "firewall",
            configuration: .init(["rules": .list([.string("accept"), .string("deny tcp from nowhere")])]))
        #expect(error?.parameter == "rules")
        #expect(error?.element == 1)
        #expect(error?.offset == 14)
    }

    @Test func noTextTraps() {
        var random = SeededGenerator(seed: 3)
        let words = [
            "accept", "deny", "tcp", "proto", "from", "to", "any", "port", "10.0.0.0/8", "fd00::/8", "80-90,1", "47",
            "/",
            "-", ",", "\t", "\0", "é", "999999999999999999999", "10.0.0.1/", "::/0", "arp", "non-ip",
        ]
        for _ in 0..<5000 {
            let count = Int.random(in: 0..<9, using: &random)
            let text = (0..<count).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }
            _ = try? FirewallRule.parse(text.joined(separator: Bool.random(using: &random) ? " " : ""))
        }
    }
}
