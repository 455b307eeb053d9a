// SPDX-License-Identifier: Apache-2.0

/// Expands the links of a topology to the threads that packets can reach.
///
/// - Queue i of an interface, as listed, is read by thread i modulo threads of the NF that it leads to.
/// - From an NF with n threads to one with m: if n >= m, thread i leads to thread i modulo m; else each thread leads
///   to all m and spreads by flow. Either way a flow stays on one thread.
/// - Thread i sends to queue i modulo count of those that a link names.
package struct Wiring {
    /// The links of a topology with their hops; a link that no packet can reach has none.
    ///
    /// - Parameters:
    ///   - functions: which instance of each NF to wire.
    ///   - sources: the NFs whose programs make packets.
    package static func links(
        of topology: Topology, functions: [String: FunctionID], sources: Set<String>
    ) -> [LinkSource: WiredLink] {
        var wiring = Wiring(topology, functions: functions)
        for link in topology.links where link.source.isFirst {
            if case .queue(let queue) = link.source.head { wiring.enter(from: queue) }
        }
        for function in topology.functions where sources.contains(function.name) {
            wiring.enter(source: function.name)
        }
        return wiring.links.mapValues { link in
            WiredLink(target: link.target, hops: link.hops.sorted())
        }
    }

    private let targets: [LinkSource: LinkTarget]
    private let positions: [QueueID: Int]
    private let functions: [String: FunctionID]
    private let threads: [String: Int]
    /// Outputs at which paths begin, by NF.
    private let outputs: [String: [Int]]

    private var links: [LinkSource: WiredLink]
    /// Threads of a link's source that its hops start at already.
    private var expanded: [LinkSource: Set<Int>] = [:]
    private var reached: [String: Set<Int>] = [:]
    /// Threads reached lately, whose other outputs are still to be followed.
    private var pending: [(function: String, thread: Int)] = []

    private init(_ topology: Topology, functions: [String: FunctionID]) {
        targets = Dictionary(topology.links.map { ($0.source, $0.target) }, uniquingKeysWith: { first, _ in first })
        threads = Dictionary(
            topology.functions.map { ($0.name, max($0.threads, 1)) }, uniquingKeysWith: { first, _ in first })
        self.functions = functions
        var positions: [QueueID: Int] = [:]
        for interface in topology.interfaces {
            for (position, queue) in interface.queues.enumerated() {
                positions[QueueID(interface: interface.name, queue: queue)] = position
            }
        }
        self.positions = positions
        var outputs: [String: [Int]] = [:]
        for link in topology.links where link.source.isFirst {
            if let function = link.source.function { outputs[function, default: []].append(link.source.output) }
        }
        self.outputs = outputs
        links = targets.mapValues { WiredLink(target: $0) }
    }

    private mutating func enter(source function: String) {
        for thread in 0..<(threads[function] ?? 0) { reach(function, thread) }
        followOutputs()
    }

    private mutating func enter(from queue: QueueID) {
        let source = LinkSource(head: .queue(queue))
        guard case .function(let name)? = targets[source], let count = threads[name], let function = functions[name]
        else { return }
        let thread = (positions[queue] ?? 0) % count
        links[source]?.hops = [
            Hop(from: .queue(queue), to: .thread(ThreadKey(function: function, index: thread)))
        ]
        reach(name, thread)
        follow(source.following(function: name, visit: 0), from: [thread], visits: [name: 1])
        followOutputs()
    }

    private mutating func reach(_ function: String, _ thread: Int) {
        if reached[function, default: []].insert(thread).inserted, outputs[function] != nil {
            pending.append((function, thread))
        }
    }

    private mutating func followOutputs() {
        while let (function, thread) = pending.popLast() {
            for output in outputs[function] ?? [] {
                follow(.first(function: function, output: output), from: [thread], visits: [function: 1])
            }
        }
    }

    /// Wires a path from one of its links on, for packets that these threads of its source hold.
    private mutating func follow(_ first: LinkSource, from holders: [Int], visits: [String: Int]) {
        var source = first
        var arrived = holders
        var visits = visits
        while let target = targets[source], let name = source.function, let function = functions[name],
            let count = threads[name]
        {
            let fresh = arrived.filter { expanded[source, default: []].insert($0).inserted }
            if fresh.isEmpty { return }
            switch target {
            case .queues(let interface, let queues):
                if queues.isEmpty { return }
                links[source]?.hops += fresh.map { thread in
                    Hop(
                        from: .thread(ThreadKey(function: function, index: thread)),
                        to: .queue(QueueID(interface: interface, queue: queues[thread % queues.count])))
                }
                return
            case .function(let nextName):
                guard let next = functions[nextName], let nextCount = threads[nextName] else { return }
                let visit = visits[nextName, default: 0]
                visits[nextName] = visit + 1
                var landed: Set<Int> = []
                for thread in fresh {
                    let landing = count >= nextCount ? [thread % nextCount] : Array(0..<nextCount)
                    landed.formUnion(landing)
                    links[source]?.hops += landing.map {
                        Hop(
                            from: .thread(ThreadKey(function: function, index: thread)),
                            to: .thread(ThreadKey(function: next, index: $0)), visit: visit)
                    }
                }
                arrived = landed.sorted()
                for thread in arrived { reach(nextName, thread) }
                source = source.following(function: nextName, visit: visit)
            }
        }
    }
}
