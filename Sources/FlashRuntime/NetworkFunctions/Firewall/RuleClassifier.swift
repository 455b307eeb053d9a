// SPDX-License-Identifier: Apache-2.0

/// Finds the first rule that matches a packet of one IP version, without looking at the rules one by one.
///
/// The scheme is that of bit vectors (Lakshman and Stiliadis, "High-Speed Policy-based Packet Forwarding Using Efficient
/// Multi-dimensional Range Matching", SIGCOMM 1998) with a level of aggregation (Baboescu and Varghese, "Scalable Packet
/// Classification", SIGCOMM 2001): each field of the packet is looked up alone and gives the set of the rules that it
/// satisfies; the lowest bit of the intersection is the first rule. The summary words say which words of the sets need to
/// be intersected at all, mostly one or none.
///
/// For N rules of one version: two searches of log2(2N + 1) steps and three table lookups, and memory of at most 2N sets of N bits
/// in each of four fields, less where rules share their ranges.
struct RuleClassifier<Address: BitwiseCopyable & FixedWidthInteger & UnsignedInteger & Sendable> {
    /// What a packet shows of its ports.
    enum Ports {
        case numbers(source: UInt16, destination: UInt16)
        /// A protocol without ports.
        case none
        /// A later fragment: ports that are not known. It passes where an accepting rule might mean it, and it is not denied
        /// for ports: without the first fragment, which has them, nobody can put it together (RFC 1858, section 3.2.1).
        case unknown
    }

    private let isEmpty: Bool
    private let vectors: RuleVectors
    private let sources: IntervalTree<Address>
    private let destinations: IntervalTree<Address>
    private let protocols: OwnedBuffer<Int32>
    private let sourcePorts: PortTable
    private let destinationPorts: PortTable
    private let withoutPorts: Int
    private let withUnknownPorts: Int
    private let verdicts: OwnedBuffer<Verdict>
    private let otherwise: Verdict

    /// - Parameters:
    ///   - rules: of this IP version or of both, in their order; at most `RuleVectors.ruleLimit`.
    ///   - verdicts: what each says.
    ///   - range: the addresses of a prefix of this IP version.
    ///   - otherwise: what holds where no rule matches.
    init(
        _ rules: [FirewallRule], verdicts: [Verdict], otherwise: Verdict,
        range: (FirewallRule.Prefix) -> ClosedRange<Address>?
    ) {
        let all: [ClosedRange<Address>] = [Address.min...Address.max]
        func addresses(_ endpoint: FirewallRule.Endpoint) -> [ClosedRange<Address>] {
            guard let prefix = endpoint.prefix else { return all }
            return range(prefix).map { [$0] } ?? []
        }
        func ports(_ endpoint: FirewallRule.Endpoint) -> [ClosedRange<UInt16>] {
            endpoint.ports.isEmpty ? [UInt16.min...UInt16.max] : endpoint.ports
        }
        var builder = RuleVectors.Builder(ruleCount: rules.count)
        sources = IntervalTree(Intervals(rules.map { addresses($0.source) }, &builder))
        destinations = IntervalTree(Intervals(rules.map { addresses($0.destination) }, &builder))
        sourcePorts = PortTable(Intervals(rules.map { ports($0.source) }, &builder))
        destinationPorts = PortTable(Intervals(rules.map { ports($0.destination) }, &builder))
        let byProtocol = Intervals(rules.map(\.transportProtocols), &builder)
        protocols = OwnedBuffer((UInt8.min...UInt8.max).map { byProtocol.piece(from: $0, through: $0).offset })
        withoutPorts = builder.add(rules) { !$0.namesPorts }
        withUnknownPorts = builder.add(rules) { !$0.namesPorts || $0.action == .accept }
        vectors = builder.finish()
        self.verdicts = OwnedBuffer(verdicts)
        self.otherwise = otherwise
        isEmpty = rules.isEmpty
    }

    /// Out of line and with nothing but numbers to take over, so that the parser's state stays in registers.
    @inline(never)
    func verdict(source: Address, destination: Address, transportProtocol: UInt8, ports: Ports) -> Verdict {
        if isEmpty { return otherwise }
        let base = vectors.words.base
        let bySource = base + sources.offset(of: source)
        let byDestination = base + destinations.offset(of: destination)
        let byProtocol = base + Int(protocols.base[Int(transportProtocol)])
        let bySourcePort: UnsafeMutablePointer<UInt64>
        let byDestinationPort: UnsafeMutablePointer<UInt64>
        switch ports {
        case .numbers(let source, let destination):
            bySourcePort = base + sourcePorts.offset(of: source)
            byDestinationPort = base + destinationPorts.offset(of: destination)
        case .none:
            bySourcePort = base + withoutPorts
            byDestinationPort = bySourcePort
        case .unknown:
            bySourcePort = base + withUnknownPorts
            byDestinationPort = bySourcePort
        }
        var words = bySource[0] & byDestination[0] & byProtocol[0] & bySourcePort[0] & byDestinationPort[0]
        while words != 0 {
            let word = words.trailingZeroBitCount
            let at = word &+ 1
            let rules = bySource[at] & byDestination[at] & byProtocol[at] & bySourcePort[at] & byDestinationPort[at]
            if rules != 0 { return verdicts.base[word &* 64 &+ rules.trailingZeroBitCount] }
            words &= words &- 1
        }
        return otherwise
    }
}
