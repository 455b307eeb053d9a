// SPDX-License-Identifier: Apache-2.0

extension FirewallRule {
    /// Reads a rule:
    ///
    ///     rule     = ( "accept" | "deny" ) [ subject ] [ "from" endpoint ] [ "to" endpoint ]
    ///     subject  = "any" | "ipv4" | "ipv6" | "tcp" | "udp" | "sctp" | "icmp" | "icmpv6" | "proto" number
    ///              | "arp" | "non-ip"
    ///     endpoint = ( "any" | address [ "/" length ] ) [ "port" ports ]  |  "port" ports
    ///     ports    = range { "," range }
    ///     range    = number [ "-" number ]
    ///
    /// Words are divided by spaces. Bits of an address behind its prefix length do not count.
    ///
    /// - Throws: the place of the fault in `text`, in scalars.
    static func parse(_ text: String) throws(SyntaxError) -> FirewallRule {
        var parser = Parser(text)
        return try parser.rule()
    }

    struct SyntaxError: Error, Hashable {
        /// In scalars from the start of the rule.
        var offset: Int
        var message: String
        var help: String?
    }
}

extension FirewallRule {
    private struct Word {
        var text: String
        var offset: Int
    }

    private struct Parser {
        private let words: [Word]
        private let end: Int
        private var position = 0

        init(_ text: String) {
            var words: [Word] = []
            var current: Word?
            var offset = 0
            for scalar in text.unicodeScalars {
                if scalar == " " || scalar == "\t" {
                    if let word = current { words.append(word) }
                    current = nil
                } else {
                    current = current ?? Word(text: "", offset: offset)
                    current?.text.unicodeScalars.append(scalar)
                }
                offset += 1
            }
            if let word = current { words.append(word) }
            self.words = words
            end = words.last.map { $0.offset + $0.text.unicodeScalars.count } ?? 0
        }

        private var word: Word? { position < words.count ? words[position] : nil }

        private mutating func take(_ text: String) -> Bool {
            guard word?.text == text else { return false }
            position += 1
            return true
        }

        private mutating func next(_ expected: String) throws(SyntaxError) -> Word {
            guard let word else { throw SyntaxError(offset: end, message: "\(expected) is missing here") }
            position += 1
            return word
        }

        mutating func rule() throws(SyntaxError) -> FirewallRule {
            let action = try action()
            var rule = FirewallRule(action: action, subject: try subject())
            if take("from") { rule.source = try endpoint(of: rule, named: "from") }
            if take("to") { rule.destination = try endpoint(of: rule, named: "to") }
            if let word { throw unexpected(word, rule) }
            return rule
        }

        private mutating func action() throws(SyntaxError) -> Action {
            let word = try next("'accept' or 'deny'")
            switch word.text {
            case "accept": return .accept
            case "deny": return .deny
            default:
                throw SyntaxError(
                    offset: word.offset, message: "'\(word.text)' is no action",
                    help: "a rule begins with 'accept' or 'deny'")
            }
        }

        private mutating func subject() throws(SyntaxError) -> Subject {
            guard let word, word.text != "from", word.text != "to" else { return .any }
            position += 1
            switch word.text {
            case "any": return .any
            case "ipv4": return .ipv4
            case "ipv6": return .ipv6
            case "tcp": return .transport(IPProtocol.tcp)
            case "udp": return .transport(IPProtocol.udp)
            case "sctp": return .transport(IPProtocol.sctp)
            case "icmp": return .transport(IPProtocol.icmp)
            case "icmpv6": return .transport(IPProtocol.icmpv6)
            case "arp": return .arp
            case "non-ip": return .nonIP
            case "proto":
                let number = try next("a protocol number")
                guard let value = UInt8(decimal: number.text) else {
                    throw SyntaxError(
                        offset: number.offset, message: "'\(number.text)' is no protocol number",
                        help: "a number from 0 to 255")
                }
                return .transport(value)
            default:
                throw SyntaxError(
                    offset: word.offset, message: "'\(word.text)' is no protocol",
                    help: "one of any, ipv4, ipv6, tcp, udp, sctp, icmp, icmpv6, proto NUMBER, arp, non-ip")
            }
        }

        private func unexpected(_ word: Word, _ rule: FirewallRule) -> SyntaxError {
            let help: String
            switch word.text {
            case "from", "to": help = "'from' comes once, and before 'to', which comes once"
            case "port": help = "'port' belongs behind 'from' or 'to': 'to port 80'"
            default: help = "'from' or 'to' may come here, or the end of the rule"
            }
            return SyntaxError(offset: word.offset, message: "'\(word.text)' is not expected here", help: help)
        }

        private mutating func endpoint(of rule: FirewallRule, named name: String) throws(SyntaxError) -> Endpoint {
            var endpoint = Endpoint()
            guard let first = word else {
                throw SyntaxError(offset: end, message: "an address or 'port' is missing behind '\(name)'")
            }
            guard rule.subject != .arp, rule.subject != .nonIP else {
                throw SyntaxError(
                    offset: words[position - 1].offset, message: "only IP packets have addresses to match",
                    help: "'arp' and 'non-ip' stand alone")
            }
            if first.text != "port", !take("any") {
                position += 1
                endpoint.prefix = try prefix(first)
                try check(endpoint, against: rule, offset: first.offset)
            }
            guard let word, take("port") else { return endpoint }
            if case .transport(let number) = rule.subject, !IPProtocol.hasPorts(number) {
                throw SyntaxError(
                    offset: word.offset, message: "this protocol has no ports",
                    help: "ports are of tcp, udp, sctp, or any of them")
            }
            endpoint.ports = try ports(try next("a port number"))
            return endpoint
        }

        /// A rule of both IP versions matches nothing: that is a mistake.
        private func check(_ endpoint: Endpoint, against rule: FirewallRule, offset: Int) throws(SyntaxError) {
            let family = FirewallRule(action: rule.action, source: endpoint).family
            guard let other = rule.family, family != other else { return }
            throw SyntaxError(
                offset: offset,
                message: "the rule is for \(other == .ipv4 ? "IPv4" : "IPv6"), and no packet has such an address too",
                help: "use addresses of one IP version (icmp is IPv4, icmpv6 is IPv6)")
        }

        private func prefix(_ word: Word) throws(SyntaxError) -> Prefix {
            let parts = word.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let address = IPAddress(String(parts[0])) else {
                throw SyntaxError(
                    offset: word.offset, message: "'\(parts[0])' is no IP address",
                    help: "for example 10.0.0.0/8, 2001:db8::1, any")
            }
            let width: Int
            switch address {
            case .ipv4: width = 32
            case .ipv6: width = 128
            }
            var length = width
            if parts.count > 1 {
                guard let given = UInt8(decimal: String(parts[1])), Int(given) <= width else {
                    throw SyntaxError(
                        offset: word.offset + parts[0].unicodeScalars.count + 1,
                        message: "'\(parts[1])' is no prefix length", help: "a number from 0 to \(width)")
                }
                length = Int(given)
            }
            switch address {
            case .ipv4(let number): return .ipv4(number.range(prefix: length))
            case .ipv6(let number): return .ipv6(number.range(prefix: length))
            }
        }

        private func ports(_ word: Word) throws(SyntaxError) -> [ClosedRange<UInt16>] {
            var ranges: [ClosedRange<UInt16>] = []
            var offset = word.offset
            for part in word.text.split(separator: ",", omittingEmptySubsequences: false) {
                let ends = part.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
                var numbers: [UInt16] = []
                var endOffset = offset
                for end in ends {
                    guard let number = UInt16(decimal: String(end)) else {
                        throw SyntaxError(
                            offset: endOffset, message: end.isEmpty ? "a port is missing" : "'\(end)' is no port",
                            help: "a number from 0 to 65535, or several: 80,443,8000-8080")
                    }
                    numbers.append(number)
                    endOffset += end.unicodeScalars.count + 1
                }
                guard let low = numbers.first, let high = numbers.last, low <= high else {
                    throw SyntaxError(offset: offset, message: "the range '\(part)' ends before it begins")
                }
                ranges.append(low...high)
                offset += part.unicodeScalars.count + 1
            }
            return ranges
        }
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// Digits and nothing else: no sign.
    fileprivate init?(decimal text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else { return nil }
        self.init(text)
    }

    /// All numbers that begin with the same `prefix` bits.
    fileprivate func range(prefix: Int) -> ClosedRange<Self> {
        // A shift by the full width gives zero.
        let mask = Self.max >> prefix
        return (self & ~mask)...(self | mask)
    }
}
