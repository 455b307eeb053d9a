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
    private let holders: Holders
    private var programs: [String: ProgramRecord] = [:]
    private var queues: [QueueID: QueueRecord] = [:]
    private var ports: [PortKey: SocketPort] = [:]
    private var lostPorts: [PortKey] = []
    private var rings: [RingKey: RingID] = [:]
    private var lostRings: [RingKey] = []
    private var frames: [ThreadID: RingID] = [:]
    private var lostFrames: [ThreadID] = []

    /// - Parameter unknown: workers that the daemon before did not come to record. What they alone hold is taken, and they are
    ///   ended: they are to have successors.
    /// - Throws: where no worker lives, or they have no memory of this version's layout.
    init(_ record: TopologyRecord, unknown: [UnknownWorker]) throws(HostError) {
        self.record = record
        chain = record.chain
        holders = Holders(record.workers, unknown: unknown)
        if holders.workers.isEmpty && unknown.isEmpty { throw .missing("none of its workers is alive") }
        guard let memory = holders.copy(of: record.memory), let arena = holders.copy(of: record.arena),
            let acknowledge = holders.copy(of: record.acknowledge), acknowledge.isEvent
        else { throw .missing("its workers do not hold the memory and the event that its record names") }
        do {
            shared = try SharedDatapath.adopt(memory: memory, arena: arena)
        } catch {
            throw .system(error, doing: "taking the memory over")
        }
        self.acknowledge = DescriptorBox(acknowledge)
        try adoptThreads()
        for (interface, identity) in record.links where chain.interfaces[interface] != nil {
            adoptProgram(interface, identity)
        }
        for entry in record.queues { adoptQueue(entry) }
        loseQueues()
        for entry in record.ports where chain.ports.contains(entry.key) { adoptPort(entry) }
        lostPorts = chain.ports.filter { ports[$0] == nil }.sorted()
        if record.isApplying { readRules() }
        adoptRings()
        for worker in unknown { worker.process.end(milliseconds: 1000) }
        shared.holdStrays()
    }

    private static let dyingMilliseconds: Int32 = 500

    /// True where the threads may work by other tables than the chain's.
    var isUnsettled: Bool {
        record.isApplying || shared.hasStrays || !lostPorts.isEmpty || !lostRings.isEmpty || !lostFrames.isEmpty
            || chain.queues.count < record.chain.queues.count
    }

    private mutating func adoptThreads() throws(HostError) {
        do throws(DatapathError) {
            for thread in record.threads {
                try shared.adoptThread(thread.id, event: try event(of: thread))
                for worker in holders.all(of: thread.event) { worker.events.insert(thread.id) }
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

    /// The event of a thread, from a worker that has it. Where its own worker is dead and no other has it, nobody will miss it: a
    /// new one.
    private func event(of thread: TopologyRecord.ThreadEntry) throws(DatapathError) -> OwnedDescriptor {
        if let event = holders.copy(of: thread.event) {
            // The daemon writes to it, and must not wait there for whoever else has it.
            guard event.isEvent else {
                throw .invalid("the event of \(thread.key) is none, or may block")
            }
            return event
        }
        // A process that dies just now lets go of its descriptors before it is seen to be dead.
        if let worker = holders.workers[thread.key.function],
            (try? worker.process.waitForExit(milliseconds: Self.dyingMilliseconds)) != true
        {
            throw .invalid("the worker of \(thread.key) does not hold the event that its record names")
        }
        do {
            return try OwnedDescriptor.event()
        } catch { throw .system(error) }
    }

    private mutating func adoptProgram(_ interface: String, _ identity: DescriptorIdentity) {
        guard let link = holders.copy(of: identity), let program = try? XDPProgram.adopt(link: link) else { return }
        programs[interface] = ProgramRecord(program)
    }

    private mutating func adoptQueue(_ entry: TopologyRecord.QueueEntry) {
        guard let attached = programs[entry.key.interface], let socket = holders.copy(of: entry.socket)
        else { return }
        do {
            let socket = XDPSocket(adopting: socket, rings: entry.rings)
            try shared.adoptPort(
                entry.id, socket: socket.descriptor.rawValue, rings: entry.rings, number: entry.number)
            let queue = QueueRecord(queue: entry.key, port: entry.id, socket: socket)
            queue.isDelivered =
                record.isApplying
                ? (try? attached.program.holdsSocket(queue: entry.key.queue)) == true : entry.isDelivered
            queues[entry.key] = queue
        } catch { return }
        for worker in holders.all(of: entry.socket) { worker.ports.insert(entry.id) }
    }

    private mutating func adoptPort(_ entry: TopologyRecord.PortEntry) {
        guard let socket = holders.copy(of: entry.socket) else { return }
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
        } catch { return }
        for worker in holders.all(of: entry.socket) { worker.ports.insert(entry.id) }
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
            functionRecord.worker = holders.workers[function]
            if let worker = holders.workers[function] { host.prepare(worker.control) }
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
        // Where nobody takes packets out, the kernel then has none left to hand over.
        for port in ports.values { port.socket.kick() }
        host.lostBefore &+= UInt64(shared.reclaim())
        let taken = Set(queues.values.map(\.port) + ports.values.map(\.port))
        // Whoever still has a socket of a lost queue keeps it from being opened again.
        let lost = Set(record.queues.map(\.id) + record.ports.map(\.id)).subtracting(taken)
        for worker in holders.workers.values {
            for port in lost { try? worker.control.drop(port: port) }
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

/// A worker that runs and that no record names, and what it has open.
final class UnknownWorker {
    let process: ProcessHandle
    let numbers: [DescriptorIdentity: Int32]

    init(_ process: consuming ProcessHandle) {
        numbers = process.descriptors()
        self.process = process
    }
}

/// The workers that live, and what they have open.
private struct Holders {
    private(set) var workers: [FunctionID: WorkerRecord] = [:]
    /// As they were when this was made.
    private var numbers: [FunctionID: [DescriptorIdentity: Int32]] = [:]
    private let unknown: [UnknownWorker]

    /// A worker's descriptor for the daemon's end of its control socket.
    private static let daemonEnd: Int32 = 4

    init(_ entries: [TopologyRecord.WorkerEntry], unknown: [UnknownWorker]) {
        self.unknown = unknown
        for entry in entries {
            guard let process = try? ProcessHandle.open(identifier: entry.process, startTime: entry.startTime),
                process.isAlive
            else { continue }
            guard let end = try? process.copyDescriptor(Self.daemonEnd) else {
                // Without it nobody can talk to the worker any more, and a successor must not run beside it.
                process.end(milliseconds: 1000)
                continue
            }
            let control = WorkerControl(end)
            // What the daemon before has sent comes first. A worker that is stopped or does not answer is replaced later.
            if (try? process.statistics())?.isStopped == false { try? control.settle() }
            numbers[entry.function] = process.descriptors()
            workers[entry.function] = WorkerRecord(
                process: process, control: control, started: MonotonicClock.now(), since: entry.since)
        }
    }

    /// Those that have it open.
    func all(of identity: DescriptorIdentity?) -> [WorkerRecord] {
        guard let identity else { return [] }
        return workers.filter { numbers[$0.key]?[identity] != nil }.map(\.value)
    }

    /// A descriptor of what is open, from whichever worker has it; nil where none has.
    func copy(of identity: DescriptorIdentity?) -> OwnedDescriptor? {
        guard let identity else { return nil }
        for (function, worker) in workers {
            guard let number = numbers[function]?[identity], let copy = try? worker.process.copyDescriptor(number),
                copy.identity == identity
            else { continue }
            return copy
        }
        for worker in unknown {
            guard let number = worker.numbers[identity], let copy = try? worker.process.copyDescriptor(number),
                copy.identity == identity
            else { continue }
            return copy
        }
        return nil
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
