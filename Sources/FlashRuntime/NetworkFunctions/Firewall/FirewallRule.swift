// SPDX-License-Identifier: Apache-2.0

/// One rule of a firewall, as a value; `FirewallRule.Parser` says how it is written, `RuleClassifier` how it is matched.
struct FirewallRule: Hashable, Sendable {
    enum Action: Hashable, Sendable { case accept, deny }

    /// What kind of packet the rule is about.
    enum Subject: Hashable, Sendable {
        /// Every IP packet.
        case any
        case ipv4
        case ipv6
        /// By protocol number; behind IPv6's extension headers.
        case transport(UInt8)
        case arp
        /// Everything but IPv4 and IPv6, ARP too.
        case nonIP
    }

    enum Prefix: Hashable, Sendable {
        case ipv4(ClosedRange<UInt32>)
        case ipv6(ClosedRange<UInt128>)
    }

    struct Endpoint: Hashable, Sendable {
        /// nil: every address.
        var prefix: Prefix?
        /// Empty: every port, and packets without ports.
        var ports: [ClosedRange<UInt16>] = []
    }

    enum Family: Hashable, Sendable { case ipv4, ipv6 }

    var action: Action
    var subject = Subject.any
    var source = Endpoint()
    var destination = Endpoint()

    /// The only IP version that the rule can match; nil for both. ICMP belongs to IPv4, ICMPv6 to IPv6.
    var family: Family? {
        switch (subject, source.prefix, destination.prefix) {
        case (.ipv4, _, _), (.transport(IPProtocol.icmp), _, _), (_, .ipv4, _), (_, _, .ipv4): return .ipv4
        case (.ipv6, _, _), (.transport(IPProtocol.icmpv6), _, _), (_, .ipv6, _), (_, _, .ipv6): return .ipv6
        default: return nil
        }
    }

    var namesPorts: Bool { !source.ports.isEmpty || !destination.ports.isEmpty }

    /// The protocols that the rule can match; a rule that names ports matches only those that have some.
    var transportProtocols: [ClosedRange<UInt8>] {
        switch subject {
        case .transport(let number): return [number...number]
        case .any, .ipv4, .ipv6:
            return namesPorts
                ? [IPProtocol.tcp, IPProtocol.udp, IPProtocol.sctp].map { $0...$0 } : [UInt8.min...UInt8.max]
        case .arp, .nonIP: return []
        }
    }
}
