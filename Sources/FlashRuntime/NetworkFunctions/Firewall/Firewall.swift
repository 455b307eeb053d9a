// SPDX-License-Identifier: Apache-2.0

/// Accepts or denies packets by rules of addresses, protocol and ports. The first rule that matches holds; without one,
/// `default` does. Stateless.
///
/// What is not IP, ARP above all, is accepted even where the default is `deny`, as packet filters of the network layer do: only
/// the rules `deny arp` and `deny non-ip` stop it. `any` means any IP packet.
///
/// Rules that name ports match only what has ports (TCP, UDP, SCTP). A later fragment has none to show: it matches an
/// accepting rule that the rest of it fits, and no denying one, since it is of no use without the first fragment, to which all
/// rules apply. Fragments that would hide the ports from us are dropped as malformed or truncated, and so is whatever
/// does not parse up to its ports.
///
/// How rules are written stands with `FirewallRule.parse`, how they are matched with `RuleClassifier`.
package struct Firewall: NetworkFunction {
    package static let declaration = ProgramDeclaration(
        name: "firewall",
        summary: "Accepts or denies packets by addresses, protocol and ports, the first matching rule first",
        outputs: .fixed(["accept", "deny"]),
        parameters: [
            .init(
                name: "default", summary: "What becomes of an IP packet that no rule matches",
                type: .choice(["accept", "deny"]), defaultValue: .string("accept")),
            .init(
                name: "rules",
                summary: """
                    Rules in order: (accept|deny) [any|ipv4|ipv6|tcp|udp|sctp|icmp|icmpv6|proto N|arp|non-ip] \
                    [from [ADDRESS[/LENGTH]|any] [port N[-N][,...]]] [to ...], for example \
                    'deny tcp to 10.10.0.2 port 23'; what is not IP passes unless a rule denies arp or non-ip
                    """,
                type: .list(of: .string, count: 0...RuleVectors.ruleLimit), defaultValue: .list([])),
        ],
        counters: ["accepted", "denied"]
    )

    private static var accept: Verdict { .output(0) }
    private static var deny: Verdict { .output(1) }

    private let ipv4: RuleClassifier<UInt32>
    private let ipv6: RuleClassifier<UInt128>
    private let arp: Verdict
    private let nonIP: Verdict

    package init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) {
        let otherwise = try configuration.string("default") == "deny" ? Self.deny : Self.accept
        let texts = try configuration.strings("rules")
        guard texts.count <= RuleVectors.ruleLimit else {
            throw ConfigurationError(parameter: "rules", message: "more than \(RuleVectors.ruleLimit) rules")
        }
        var rules: [FirewallRule] = []
        for (index, text) in texts.enumerated() {
            do throws(FirewallRule.SyntaxError) {
                rules.append(try FirewallRule.parse(text))
            } catch {
                throw ConfigurationError(
                    parameter: "rules", element: index, offset: error.offset, message: error.message,
                    help: error.help)
            }
        }
        ipv4 = Self.classifier(rules, .ipv4, otherwise) { if case .ipv4(let range) = $0 { range } else { nil } }
        ipv6 = Self.classifier(rules, .ipv6, otherwise) { if case .ipv6(let range) = $0 { range } else { nil } }
        arp = rules.first { $0.subject == .arp || $0.subject == .nonIP }.map(Self.verdict) ?? Self.accept
        nonIP = rules.first { $0.subject == .nonIP }.map(Self.verdict) ?? Self.accept
    }

    private static func classifier<Address>(
        _ rules: [FirewallRule], _ family: FirewallRule.Family, _ otherwise: Verdict,
        _ range: (FirewallRule.Prefix) -> ClosedRange<Address>?
    ) -> RuleClassifier<Address> {
        let rules = rules.filter {
            $0.subject != .arp && $0.subject != .nonIP && ($0.family == nil || $0.family == family)
        }
        return RuleClassifier(rules, verdicts: rules.map(verdict), otherwise: otherwise, range: range)
    }

    private static func verdict(_ rule: FirewallRule) -> Verdict {
        rule.action == .accept ? accept : deny
    }

    package mutating func process(_ batch: PacketBatch, counters: ProgramCounters) {
        var denied = 0
        var dropped = 0
        for index in 0..<batch.count {
            var headers = PacketHeaders(batch.bytes(index), length: batch.length(index))
            if let reason = headers.readLink() ?? headers.readNetwork() ?? headers.readTransport() {
                batch.setVerdict(.drop(reason), of: index)
                dropped &+= 1
                continue
            }
            let verdict = verdict(headers)
            batch.setVerdict(verdict, of: index)
            denied &+= verdict == Self.deny ? 1 : 0
        }
        counters.add(UInt64(batch.count &- denied &- dropped), to: 0)
        counters.add(UInt64(denied), to: 1)
    }

    @inline(__always)
    private func verdict(_ headers: PacketHeaders) -> Verdict {
        let offset = headers.networkOffset
        switch headers.network {
        case .ipv4:
            return ipv4.verdict(
                source: headers.bytes.big32(offset &+ 12), destination: headers.bytes.big32(offset &+ 16),
                transportProtocol: headers.transportProtocol, ports: Self.ports(headers))
        case .ipv6:
            return ipv6.verdict(
                source: headers.bytes.big128(offset &+ 8), destination: headers.bytes.big128(offset &+ 24),
                transportProtocol: headers.transportProtocol, ports: Self.ports(headers))
        case .arp: return arp
        case .other: return nonIP
        }
    }

    @inline(__always)
    private static func ports<Address>(_ headers: PacketHeaders) -> RuleClassifier<Address>.Ports {
        if headers.fragment == .later { return .unknown }
        return headers.hasPorts
            ? .numbers(source: headers.sourcePort, destination: headers.destinationPort) : .none
    }
}
