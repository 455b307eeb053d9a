// SPDX-License-Identifier: Apache-2.0

/// Expands the links of a topology to the threads that packets can reach.
///
/// - Queue i of an interface, as listed, is read by thread i modulo threads of the NF that it leads to.
/// - From an NF with n threads to one with m: if n >= m, thread i leads to thread i modulo m; else each thread leads
///   to all m and spreads by flow. Either way a flow stays on one thread.
/// - Thread i sends to queue i modulo count of those that a link names.
///
/// Links and NFs are known by their index inside: a topology may have ten thousands of them.
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
        for (index, link) in topology.links.enumerated() where link.source.isFirst {
            if case .queue(let queue) = link.source.head { wiring.enter(from: queue, over: index) }
        }
        for (index, function) in topology.functions.enumerated() where sources.contains(function.name) {
            for thread in 0..<wiring.functions[index].threads { wiring.reach(index, thread) }
            wiring.followOutputs()
        }
        return wiring.result
    }

    private struct Node {
        var id: FunctionID
        var threads: Int
        /// Links that begin at its outputs, for all paths through it.
        var outputs: [Int] = []
        var reached = ThreadSet()
    }

    private struct Edge {
        var source: LinkSource
        /// The NF that sends over it; nil at a queue.
        var sender: Int?
        var target: LinkTarget
        var hops: [Hop] = []
        /// Threads of the sender at which hops start already.
        var expanded = ThreadSet()
    }

    private var functions: [Node] = []
    private var functionIndices: [String: Int] = [:]
    private var edges: [Edge] = []
    private var edgeIndices: [LinkSource: Int] = [:]
    /// Where in its interface's list a queue stands.
    private var positions: [QueueID: Int] = [:]
    /// Threads reached lately, whose other outputs are still to be followed.
    private var pending: [(function: Int, thread: Int)] = []

    private init(_ topology: Topology, functions ids: [String: FunctionID]) {
        for function in topology.functions {
            functionIndices[function.name] = functions.count
            functions.append(
                Node(id: ids[function.name] ?? FunctionID(name: function.name), threads: max(function.threads, 1)))
        }
        edges.reserveCapacity(topology.links.count)
        edgeIndices.reserveCapacity(topology.links.count)
        for (index, link) in topology.links.enumerated() {
            let sender = link.source.function.flatMap { functionIndices[$0] }
            edges.append(Edge(source: link.source, sender: sender, target: link.target))
            edgeIndices[link.source] = index
            if let sender, link.source.isFirst { functions[sender].outputs.append(index) }
        }
        for interface in topology.interfaces {
            for (position, queue) in interface.queues.enumerated() {
                positions[QueueID(interface: interface.name, queue: queue)] = position
            }
        }
    }

    private var result: [LinkSource: WiredLink] {
        var result: [LinkSource: WiredLink] = [:]
        result.reserveCapacity(edges.count)
        for edge in edges {
            result[edge.source] = WiredLink(
                target: edge.target, hops: edge.hops.count > 1 ? edge.hops.sorted() : edge.hops)
        }
        return result
    }

    private mutating func enter(from queue: QueueID, over edge: Int) {
        guard case .function(let name) = edges[edge].target, let function = functionIndices[name] else { return }
        let thread = (positions[queue] ?? 0) % functions[function].threads
        edges[edge].hops = [
            Hop(from: .queue(queue), to: .thread(ThreadKey(function: functions[function].id, index: thread)))
        ]
        reach(function, thread)
        if let next = edgeIndices[edges[edge].source.following(function: name, visit: 0)] {
            follow(next, from: [thread], visits: [function: 1])
        }
        followOutputs()
    }

    private mutating func reach(_ function: Int, _ thread: Int) {
        if functions[function].reached.insert(thread), !functions[function].outputs.isEmpty {
            pending.append((function, thread))
        }
    }

    private mutating func followOutputs() {
        while let (function, thread) = pending.popLast() {
            for edge in functions[function].outputs { follow(edge, from: [thread], visits: [function: 1]) }
        }
    }

    /// Wires a path from one of its links on, for packets that these threads of its sender hold.
    private mutating func follow(_ first: Int, from holders: [Int], visits: [Int: Int]) {
        var next: Int? = first
        var arrived = holders
        var visits = visits
        while let edge = next, let sender = edges[edge].sender {
            next = nil
            let fresh = arrived.filter { edges[edge].expanded.insert($0) }
            if fresh.isEmpty { return }
            switch edges[edge].target {
            case .queues(let interface, let queues):
                if queues.isEmpty { return }
                for thread in fresh {
                    let queue = QueueID(interface: interface, queue: queues[thread % queues.count])
                    edges[edge].hops.append(Hop(from: end(sender, thread), to: .queue(queue)))
                }
            case .function(let name):
                guard let receiver = functionIndices[name] else { return }
                let visit = visits[receiver, default: 0]
                visits[receiver] = visit + 1
                arrived = land(fresh, over: edge, from: sender, at: receiver, visit: visit)
                next = edgeIndices[edges[edge].source.following(function: name, visit: visit)]
            }
        }
    }

    /// Adds the hops of an edge between two NFs; returns the threads that they lead to, ascending.
    private mutating func land(
        _ threads: [Int], over edge: Int, from sender: Int, at receiver: Int, visit: Int
    ) -> [Int] {
        let count = functions[receiver].threads
        let spreads = functions[sender].threads < count
        var landed = ThreadSet()
        for thread in threads {
            for landing in spreads ? 0..<count : thread % count..<thread % count + 1 {
                edges[edge].hops.append(
                    Hop(from: end(sender, thread), to: end(receiver, landing), visit: visit))
                if landed.insert(landing) { reach(receiver, landing) }
            }
        }
        return landed.sorted
    }

    private func end(_ function: Int, _ thread: Int) -> HopEnd {
        .thread(ThreadKey(function: functions[function].id, index: thread))
    }
}

/// A set of threads of one NF, mostly few.
private struct ThreadSet {
    private var low: UInt64 = 0
    private var high: Set<Int> = []

    /// True where the thread is new.
    mutating func insert(_ thread: Int) -> Bool {
        guard thread < 64 else { return high.insert(thread).inserted }
        let bit: UInt64 = 1 << UInt64(thread)
        if low & bit != 0 { return false }
        low |= bit
        return true
    }

    var sorted: [Int] {
        (0..<64).filter { low & 1 << UInt64($0) != 0 } + high.sorted()
    }
}
