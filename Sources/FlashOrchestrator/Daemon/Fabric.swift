// SPDX-License-Identifier: Apache-2.0

/// Which rings exist, what each thread reads and where it sends to. Every table derives from it. While a link is being
/// changed its two sides differ: readers learn first, writers then.
struct Fabric {
    /// Where packets come to a thread from, and where on their path they are.
    private struct Arrival: Hashable {
        var head: PathHead
        var visit: Int
    }

    /// Rings that exist, by link.
    private(set) var rings: [LinkSource: Set<RingKey>] = [:]
    private var arrivals: [ThreadKey: [TablePlan.Source: Arrival]] = [:]
    private var routes: [LinkSource: [ThreadKey: [TablePlan.Target]]] = [:]
    /// Outputs that lead somewhere for all paths through an NF.
    private var outputs: [String: Set<Int>] = [:]
    private var readers: [QueueID: ThreadKey] = [:]
    private var sources: [FunctionID: Bool] = [:]

    init() {}

    /// The fabric of a chain that stands.
    init(_ chain: Chain) {
        for (function, plan) in chain.functions { setFunction(function, isSource: plan.isSource) }
        for (source, link) in chain.links {
            for hop in link.hops {
                addArrival(hop, of: source)
                if let ring = hop.ring(of: source) { rings[source, default: []].insert(ring) }
            }
            setRoutes(link, of: source)
        }
    }

    mutating func setFunction(_ function: FunctionID, isSource: Bool?) {
        sources[function] = isSource == true ? true : nil
    }

    mutating func addRing(_ ring: RingKey) { rings[ring.link, default: []].insert(ring) }

    mutating func removeRing(_ ring: RingKey) { rings[ring.link]?.remove(ring) }

    /// The thread that reads a queue.
    func reader(of queue: QueueID) -> ThreadKey? { readers[queue] }

    mutating func addArrival(_ hop: Hop, of link: LinkSource) {
        guard let thread = hop.target.thread, let source = Self.input(hop, of: link) else { return }
        arrivals[thread, default: [:]][source] = Arrival(head: link.head, visit: hop.visit)
        if case .queue(let queue) = source { readers[queue] = thread }
    }

    mutating func removeArrival(_ source: TablePlan.Source, at thread: ThreadKey) {
        arrivals[thread]?[source] = nil
        if case .queue(let queue) = source { readers[queue] = nil }
    }

    /// The threads that send over a link.
    func writers(of link: LinkSource) -> Set<ThreadKey> { Set((routes[link] ?? [:]).keys) }

    mutating func setRoutes(_ link: WiredLink?, of source: LinkSource) {
        var targets: [ThreadKey: [TablePlan.Target]] = [:]
        for hop in link?.hops ?? [] {
            guard let thread = hop.source.thread else { continue }
            switch hop.target {
            case .queue(let queue): targets[thread, default: []].append(.queue(queue))
            case .thread(let reader):
                let ring = RingKey(link: source, source: thread, target: reader, visit: hop.visit)
                targets[thread, default: []].append(.ring(ring))
            }
        }
        routes[source] = targets.isEmpty ? nil : targets
        guard source.isFirst, let function = source.function else { return }
        if targets.isEmpty {
            outputs[function]?.remove(source.output)
        } else {
            outputs[function, default: []].insert(source.output)
        }
    }

    /// The table of a thread as things stand.
    func table(of thread: ThreadKey) -> TablePlan {
        let count = (outputs[thread.function.name]?.max() ?? -1) + 1
        var outputs = (0..<count).map { output in
            routes[.first(function: thread.function.name, output: output)]?[thread] ?? []
        }
        while outputs.last?.isEmpty == true { outputs.removeLast() }
        if sources[thread.function] != nil {
            // A source that leads nowhere makes no packets.
            return outputs.isEmpty ? TablePlan() : TablePlan(inputs: [.init(source: .frames, routes: outputs)])
        }
        let inputs = (arrivals[thread] ?? [:]).sorted { Self.order($0.key) < Self.order($1.key) }
        return TablePlan(
            inputs: inputs.map { source, arrival in
                var routes = outputs
                let following = LinkSource(
                    head: arrival.head, function: thread.function.name, visit: arrival.visit, output: 0)
                if let onward = self.routes[following]?[thread], !onward.isEmpty {
                    routes.replaceSubrange(0..<min(1, routes.count), with: [onward])
                }
                return .init(source: source, routes: routes)
            })
    }

    private static func input(_ hop: Hop, of link: LinkSource) -> TablePlan.Source? {
        switch hop.source {
        case .queue(let queue): .queue(queue)
        case .thread: hop.ring(of: link).map { .ring($0) }
        }
    }

    private static func order(_ source: TablePlan.Source) -> (Int, LinkSource, ThreadKey) {
        let none = ThreadKey(function: FunctionID(name: "", instance: 0), index: 0)
        switch source {
        case .queue(let queue): return (0, LinkSource(head: .queue(queue)), none)
        case .ring(let ring): return (1, ring.link, ring.source)
        case .frames: return (2, LinkSource(head: .output(function: "", output: 0)), none)
        }
    }
}
