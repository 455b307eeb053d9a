// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// The pieces of a running chain, taken back from its workers.
///
/// The daemon before may have died in the middle of a step. What its record says is checked against what is there: a
/// queue that nobody holds any more, or a ring that was removed, is left out or made anew, and all else goes on.
struct Adoption {
    /// What stands: the record's chain without queues that were lost with their last holder.
    private(set) var chain: Chain
    private let record: TopologyRecord
    private let shared: SharedDatapath
    private let acknowledge: DescriptorBox
    private var workers: [FunctionID: WorkerRecord] = [:]
    private var programs: [String: ProgramRecord] = [:]
    private var queues: [QueueID: QueueRecord] = [:]
    private var ports: [PortKey: SocketPort] = [:]
    private var lostPorts: [PortKey] = []
    private var rings: [RingKey: RingID] = [:]
    private var lostRings: [RingKey] = []
    private var frames: [ThreadID: RingID] = [:]
    private var lostFrames: [ThreadID] = []

    /// - Throws: where no worker lives, or they have no memory of this version's layout.
    init(_ record: TopologyRecord) throws(HostError) {
        self.record = record
        chain = record.chain
        var living: [TopologyRecord.WorkerEntry] = []
        for entry in record.workers {
            guard let process = try? ProcessHandle.open(identifier: entry.process, startTime: entry.startTime),
                process.isAlive, let end = try? process.copyDescriptor(Self.daemonEnd)
            else { continue }
            let worker = WorkerRecord(
                process: process, control: WorkerControl(end), started: MonotonicClock.now(), since: entry.since,
                memory: [entry.memory, entry.arena, entry.acknowledge])
            worker.events = Dictionary(
                entry.events.map { ($0.thread, $0.descriptor) }, uniquingKeysWith: { first, _ in first })
            workers[entry.function] = worker
            living.append(entry)
        }
        guard let first = living.first, let holder = workers[first.function] else {
            throw .missing("none of its workers is alive")
        }
        do {
            shared = try SharedDatapath.adopt(
                memory: try holder.process.copyDescriptor(first.memory),
                arena: try holder.process.copyDescriptor(first.arena))
            acknowledge = DescriptorBox(try holder.process.copyDescriptor(first.acknowledge))
        } catch {
            throw .system(error, doing: "taking the memory over")
        }
        guard acknowledge.descriptor.isEvent else {
            throw .missing("nf \(first.function.name) holds something else for the event of its answers")
        }
        try adoptThreads()
        for entry in record.queues { adoptQueue(entry, living) }
        loseQueues()
        for entry in record.ports where chain.ports.contains(entry.key) { adoptPort(entry, living) }
        lostPorts = chain.ports.filter { ports[$0] == nil }.sorted()
        if record.isApplying { readRules() }
        adoptRings()
        shared.holdStrays()
    }

    /// True where the threads may work by other tables than the chain's.
    var isUnsettled: Bool {
        record.isApplying || shared.hasStrays || !lostPorts.isEmpty || !lostRings.isEmpty || !lostFrames.isEmpty
            || chain.queues.count < record.chain.queues.count
    }

    /// A worker's descriptor for the daemon's end of its control socket.
    private static let daemonEnd: Int32 = 4

    private mutating func adoptThreads() throws(HostError) {
        do throws(DatapathError) {
            for thread in record.threads {
                try shared.adoptThread(thread.id, event: try event(of: thread.id))
                guard let ring = thread.frames else { continue }
                do throws(DatapathError) {
                    try shared.adoptRing(ring)
                    frames[thread.id] = ring
                } catch { lostFrames.append(thread.id) }
            }
        } catch {
            throw .datapath(error.text)
        }
    }

    /// Those that belong to what stands; the others are cleared when no thread works by them any more.
    private mutating func adoptRings() {
        let standing = chain.rings
        for entry in record.rings where standing.contains(entry.key) {
            do throws(DatapathError) {
                try shared.adoptRing(entry.id, number: entry.number)
                rings[entry.key] = entry.id
            } catch { continue }
        }
        lostRings = standing.filter { rings[$0] == nil }.sorted()
    }

    /// Whoever has the event of a thread; where nobody has, nobody will miss it.
    private func event(of thread: ThreadID) throws(DatapathError) -> OwnedDescriptor {
        for worker in workers.values {
            guard let number = worker.events[thread] else { continue }
            guard let event = try? worker.process.copyDescriptor(number) else { continue }
            // The daemon writes to it, and must not wait there for whoever else has it.
            guard event.isEvent else { throw .invalid("a worker holds something else for the event of a thread") }
            return event
        }
        do {
            return try OwnedDescriptor.event()
        } catch { throw .system(error) }
    }

    /// Takes a queue's socket and XDP link from a worker that has them.
    private mutating func adoptQueue(_ entry: TopologyRecord.QueueEntry, _ living: [TopologyRecord.WorkerEntry]) {
        let interface = entry.key.interface
        for holder in living {
            guard let worker = workers[holder.function],
                let numbers = holder.sockets.first(where: { $0.port == entry.id }), let linkNumber = numbers.link,
                let socket = try? worker.process.copyDescriptor(numbers.socket), socket.inode == entry.inode,
                let link = try? worker.process.copyDescriptor(linkNumber),
                let program = try? XDPProgram.adopt(link: link)
            else { continue }
            worker.ports[entry.id] = [numbers.socket, linkNumber]
            if programs[interface] == nil { programs[interface] = ProgramRecord(program) }
            if queues[entry.key] != nil { continue }
            do {
                let socket = XDPSocket(adopting: socket, rings: entry.rings)
                try shared.adoptPort(
                    entry.id, socket: socket.descriptor.rawValue, rings: entry.rings, number: entry.number)
                queues[entry.key] = QueueRecord(queue: entry.key, port: entry.id, socket: socket)
            } catch { continue }
        }
        guard let queue = queues[entry.key], let attached = programs[interface] else { return }
        queue.isDelivered =
            record.isApplying
            ? (try? attached.program.holdsSocket(queue: entry.key.queue)) == true : entry.isDelivered
    }

    /// Takes a port's socket from a worker that has it. One may have been given it after the last record.
    private mutating func adoptPort(_ entry: TopologyRecord.PortEntry, _ living: [TopologyRecord.WorkerEntry]) {
        for holder in living {
            guard let worker = workers[holder.function],
                let number = worker.process.descriptor(ofSocket: entry.inode),
                let socket = try? worker.process.copyDescriptor(number), socket.inode == entry.inode
            else { continue }
            worker.ports[entry.id] = [number]
            if ports[entry.key] != nil { continue }
            do {
                let socket = XDPSocket(adopting: socket, rings: entry.rings)
                try shared.adoptPort(
                    entry.id, socket: socket.descriptor.rawValue, rings: entry.rings, number: entry.number,
                    redirects: true)
                let port = SocketPort(
                    key: entry.key, port: entry.id, queue: entry.queue, socket: socket, flashID: entry.flashID)
                port.outlets = entry.outlets
                port.written = entry.written
                ports[entry.key] = port
            } catch { continue }
        }
    }

    /// The record may be older than the rules: what they say holds for packets that are on their way.
    private func readRules() {
        let keys = Dictionary(ports.values.map { ($0.flashID, $0.key) }, uniquingKeysWith: { first, _ in first })
        for port in ports.values {
            guard let rule = try? FlashKernel.next(of: port.flashID) else { continue }
            port.outlets = Outlets(retired: rule.map { keys[$0] })
            port.written = rule
        }
    }

    /// A queue that nobody holds is no queue of the chain, and an interface without a holder has no program.
    private mutating func loseQueues() {
        for name in chain.interfaces.keys where programs[name] == nil { chain.removeInterface(name) }
        for queue in chain.queues where queues[queue] == nil { chain.removeQueue(queue) }
    }

    /// Hands all over to the host.
    func fill(_ host: LinuxHost) {
        host.shared = shared
        host.acknowledge = acknowledge
        host.programs = programs
        host.queues = queues
        if chain.memory?.datapath == .flash { host.flash = FlashDatapath(host: host, ports: ports) }
        host.rings = rings
        let restarts = Dictionary(
            record.workers.map { ($0.function, $0.restarts) }, uniquingKeysWith: { first, _ in first })
        let threads = Dictionary(grouping: record.threads, by: \.key.function)
        for (function, plan) in chain.functions {
            let entries = (threads[function] ?? []).sorted { $0.key.index < $1.key.index }
            let functionRecord = FunctionRecord(
                function: function, plan: plan,
                threads: entries.map { FunctionRecord.Thread(id: $0.id, frames: frames[$0.id]) },
                log: WorkerLog(path: host.folder.log(of: function.name, in: host.topology)))
            functionRecord.restarts = restarts[function] ?? 0
            functionRecord.worker = workers[function]
            if let worker = workers[function] { host.prepare(worker.control) }
            host.functions[function] = functionRecord
        }
        if !isUnsettled {
            let fabric = Fabric(chain)
            for thread in record.threads { host.tables[thread.key] = fabric.table(of: thread.key) }
        }
        for thread in record.threads { host.generations[thread.key] = shared.generation(of: thread.id) }
        for function in host.functions.values where function.worker == nil {
            function.lastExit = "it ended while no daemon ran"
            host.recover(function)
        }
    }

    /// Makes what had been removed of what stands; to be called when no thread carries packets.
    func makeLost(_ host: LinuxHost) throws(HostError) {
        host.lostBefore &+= UInt64(shared.reclaim())
        let held = Set(queues.values.map(\.port) + ports.values.map(\.port))
        let given = record.workers.flatMap { $0.sockets.map(\.port) }
        let known = Set(record.queues.map(\.id) + record.ports.map(\.id) + given)
        // Whoever still has a socket of a lost queue keeps it from being opened again, also one that was given it after the
        // last record.
        for worker in workers.values {
            for port in known.subtracting(held) { try? worker.control.drop(port: port) }
        }
        let capacity = MemoryPlanner.capacity(
            ofLost: lostPorts.count * MemoryPlanner.ringsPerPort + lostRings.count, free: shared.freeFrameCount,
            largest: chain.memory?.ringCapacity ?? MemoryPlanner.largestRing)
        for port in lostPorts { try host.openPort(port, capacity: capacity) }
        for ring in lostRings { try host.datapath.addRing(ring, capacity: capacity) }
        do throws(DatapathError) {
            for function in host.functions.values {
                for index in function.threads.indices where lostFrames.contains(function.threads[index].id) {
                    function.threads[index].frames = try shared.addFrames(of: function.threads[index].id)
                }
            }
        } catch {
            throw .datapath(error.text)
        }
    }
}

extension Chain {
    /// Removes a queue, and the links that begin or end there.
    fileprivate mutating func removeQueue(_ queue: QueueID) {
        queues.remove(queue)
        links = links.filter { source, link in
            if case .queue(queue) = source.head { return false }
            return !link.hops.contains { $0.target == .queue(queue) }
        }
    }
}
