// SPDX-License-Identifier: Apache-2.0

/// Random rules and packets out of few addresses, ports and protocols, so that they often meet.
struct RandomFirewall {
    private(set) var random: SeededGenerator

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &random) }

    private mutating func pick<T>(_ elements: [T]) -> T { elements[below(elements.count)] }

    private mutating func address(_ isIPv6: Bool) -> [UInt8] {
        let start: [UInt8] = isIPv6 ? [0x20, 1, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 8) : []
        return start + [pick([10, 10, 10, 192, 255, 0]), pick([0, 1, 128]), pick([0, 0, 255]), UInt8(below(8))]
    }

    private mutating func port() -> Int { pick([0, 1, 22, 23, 24, 80, 443, 1023, 1024, 65534, 65535]) }

    private mutating func endpoint(_ isIPv6: Bool, _ mayHavePorts: Bool) -> NaiveFirewall.Endpoint {
        var endpoint = NaiveFirewall.Endpoint()
        if below(3) > 0 {
            endpoint.address = address(isIPv6)
            let width = isIPv6 ? 128 : 32
            endpoint.prefix = pick([width, width, width - 1, width - 3, width - 8, below(width + 1), 0])
        }
        if mayHavePorts, below(2) == 0 {
            endpoint.ports = (0...below(3)).map { _ in
                let (one, other) = (port(), port())
                return below(2) == 0 ? one...one : min(one, other)...max(one, other)
            }
        }
        return endpoint
    }

    mutating func rule() -> NaiveFirewall.Rule {
        let isIPv6 = below(2) == 0
        let word = pick([
            "any", isIPv6 ? "ipv6" : "ipv4", "tcp", "tcp", "udp", "sctp", isIPv6 ? "icmpv6" : "icmp", "proto 47",
            "proto 6", "arp", "non-ip",
        ])
        let mayHavePorts = ["any", "ipv6", "ipv4", "tcp", "udp", "sctp", "proto 6"].contains(word)
        return NaiveFirewall.Rule(
            accepts: below(2) == 0, word: word, source: endpoint(isIPv6, mayHavePorts),
            destination: endpoint(isIPv6, mayHavePorts))
    }

    mutating func firewall(rules: Int) -> NaiveFirewall {
        NaiveFirewall(rules: (0..<rules).map { _ in rule() }, acceptsByDefault: below(2) == 0)
    }

    mutating func packet() -> NaiveFirewall.Packet {
        let kind: NaiveFirewall.Packet.Kind = pick([.ipv4, .ipv4, .ipv4, .ipv6, .ipv6, .ipv6, .arp, .other])
        guard kind == .ipv4 || kind == .ipv6 else { return NaiveFirewall.Packet(kind: kind) }
        let isIPv6 = kind == .ipv6
        let number = pick([6, 6, 17, 132, isIPv6 ? 58 : 1, 47, 255])
        return NaiveFirewall.Packet(
            kind: kind, source: address(isIPv6), destination: address(isIPv6), number: number,
            ports: (port(), port()), isLaterFragment: below(5) == 0)
    }
}
