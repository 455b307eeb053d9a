// SPDX-License-Identifier: Apache-2.0

/// What a firewall has to do, written down as plainly as possible: one rule after the other, one bit after the other.
struct NaiveFirewall {
    struct Endpoint {
        /// 4 or 16 bytes; nil: any.
        var address: [UInt8]?
        var prefix = 0
        var ports: [ClosedRange<Int>] = []

        var text: String {
            var words = address.map { [PacketBuilder.text(address: $0) + "/\(prefix)"] } ?? ["any"]
            if !ports.isEmpty {
                let ranges = ports.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
                words += ["port", ranges.joined(separator: ",")]
            }
            return words.joined(separator: " ")
        }

        func matches(_ candidate: [UInt8]) -> Bool {
            guard let address else { return true }
            guard address.count == candidate.count else { return false }
            return (0..<prefix).allSatisfy { bit in
                (address[bit / 8] ^ candidate[bit / 8]) & (0x80 >> (bit % 8)) == 0
            }
        }
    }

    struct Rule {
        var accepts: Bool
        var word: String
        var source = Endpoint()
        var destination = Endpoint()

        var text: String {
            let action = accepts ? "accept" : "deny"
            if word == "arp" || word == "non-ip" { return "\(action) \(word)" }
            return "\(action) \(word) from \(source.text) to \(destination.text)"
        }
    }

    struct Packet {
        enum Kind { case ipv4, ipv6, arp, other }

        var kind: Kind
        var source: [UInt8] = []
        var destination: [UInt8] = []
        var number = 0
        var ports: (Int, Int) = (0, 0)
        var isLaterFragment = false

        private var hasPorts: Bool { [6, 17, 132].contains(number) }

        func satisfies(_ rule: Rule) -> Bool {
            switch kind {
            case .arp: return rule.word == "arp" || rule.word == "non-ip"
            case .other: return rule.word == "non-ip"
            case .ipv4, .ipv6: break
            }
            switch rule.word {
            case "arp", "non-ip": return false
            case "any": break
            case "ipv4": guard kind == .ipv4 else { return false }
            case "ipv6": guard kind == .ipv6 else { return false }
            case "tcp": guard number == 6 else { return false }
            case "udp": guard number == 17 else { return false }
            case "sctp": guard number == 132 else { return false }
            case "icmp": guard kind == .ipv4, number == 1 else { return false }
            case "icmpv6": guard kind == .ipv6, number == 58 else { return false }
            default: guard rule.word == "proto \(number)" else { return false }
            }
            guard rule.source.matches(source), rule.destination.matches(destination) else { return false }
            guard !rule.source.ports.isEmpty || !rule.destination.ports.isEmpty else { return true }
            guard hasPorts else { return false }
            if isLaterFragment { return rule.accepts }
            return (rule.source.ports.isEmpty || rule.source.ports.contains { $0.contains(ports.0) })
                && (rule.destination.ports.isEmpty || rule.destination.ports.contains { $0.contains(ports.1) })
        }

        var bytes: [UInt8] {
            typealias B = PacketBuilder
            let payload: [UInt8]
            switch number {
            case _ where isLaterFragment: payload = Array(0..<16)
            case 6: payload = B.tcp(ports.0, ports.1)
            case 17: payload = B.udp(ports.0, ports.1)
            case 132: payload = B.sctp(ports.0, ports.1)
            default: payload = [8, 0, 0, 0, 0, 0, 0, 0]
            }
            switch kind {
            case .arp: return B.ethernet(0x0806, B.arp())
            case .other: return B.ethernet(0x88CC, [0])
            case .ipv4:
                let offset = isLaterFragment ? 1480 : 0
                return B.ethernet(0x0800, B.ipv4(number, from: source, to: destination, offset: offset, payload))
            case .ipv6:
                guard isLaterFragment else {
                    return B.ethernet(0x86DD, B.ipv6(number, from: source, to: destination, payload))
                }
                let fragment: [UInt8] = [UInt8(number), 0] + B.big16(1480) + B.big32(1)
                return B.ethernet(0x86DD, B.ipv6(44, from: source, to: destination, fragment + payload))
            }
        }
    }

    var rules: [Rule]
    var acceptsByDefault: Bool

    func accepts(_ packet: Packet) -> Bool {
        if let rule = rules.first(where: packet.satisfies) { return rule.accepts }
        return packet.kind == .arp || packet.kind == .other || acceptsByDefault
    }
}

extension PacketBuilder {
    /// As rules write it.
    static func text(address: [UInt8]) -> String {
        guard address.count == 16 else { return address.map { "\($0)" }.joined(separator: ".") }
        return stride(from: 0, to: 16, by: 2).map {
            String(Int(address[$0]) << 8 | Int(address[$0 + 1]), radix: 16)
        }.joined(separator: ":")
    }
}
