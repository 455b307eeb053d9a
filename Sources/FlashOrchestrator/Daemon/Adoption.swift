// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// The pieces of a running chain, taken back from its workers.
struct Adoption {
    /// What stands: the record's chain without interfaces that were lost with their last holder.
    private(set) var chain: Chain
    private let record: TopologyRecord
    private let shared: SharedDatapath
    private let acknowledge: DescriptorBox
    private var workers: [FunctionID: WorkerRecord] = [:]
    private var programs: [String: ProgramRecord] = [:]
    private var queues: [QueueID: QueueRecord] = [:]

    /// - Throws: where no worker lives, or what they hold is not what the record says.
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
            worker.ports = Dictionary(
                entry.ports.map { ($0.port, [$0.socket, $0.link]) }, uniquingKeysWith: { first, _ in first })
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
        try adoptThreads()
        try adoptQueues()
        try adoptRings()
        shared.holdStrays()
    }

    /// A worker's descriptor for the daemon's end of its control socket.
    private static let daemonEnd: Int32 = 4

    private func adoptThreads() throws(HostError) {
        do throws(DatapathError) {
            for thread in record.threads {
                try shared.adoptThread(thread.id, event: try event(of: thread.id))
                if let frames = thread.frames { try shared.adoptRing(frames) }
            }
        } catch {
            throw .datapath(error.text)
        }
    }

    /// Those that belong to what stands; the others are cleared when no thread works by them any more.
    private func adoptRings() throws(HostError) {
        let standing = chain.rings
        do throws(DatapathError) {
            for ring in record.rings where standing.contains(ring.key) { try shared.adoptRing(ring.id) }
        } catch {
            throw .datapath(error.text)
        }
    }

    /// Whoever has the event of a thread; where nobody has, nobody will miss it.
    private func event(of thread: ThreadID) throws(DatapathError) -> OwnedDescriptor {
        for worker in workers.values {
            guard let number = worker.events[thread] else { continue }
            if let event = try? worker.process.copyDescriptor(number) { return event }
        }
        do {
            return try OwnedDescriptor.event(isBlocking: true)
        } catch { throw .system(error) }
    }

    private mutating func adoptQueues() throws(HostError) {
        for entry in record.queues {
            let interface = entry.key.interface
            guard let (socket, link) = descriptors(of: entry.id) else { continue }
            do {
                if programs[interface] == nil {
                    programs[interface] = ProgramRecord(try XDPProgram.adopt(link: OwnedDescriptor(taking: link)))
                } else {
                    _ = OwnedDescriptor(taking: link)
                }
                let socket = XDPSocket(adopting: OwnedDescriptor(taking: socket), rings: entry.rings)
                try shared.adoptPort(entry.id, socket: socket.descriptor.rawValue, rings: entry.rings)
                let queue = QueueRecord(queue: entry.key, port: entry.id, socket: socket)
                queue.isDelivered = entry.isDelivered
                queues[entry.key] = queue
            } catch {
                throw .missing("queue \(entry.key): \(error)")
            }
        }
        for name in chain.interfaces.keys {
            let isWhole = chain.queues.allSatisfy { $0.interface != name || queues[$0] != nil }
            if programs[name] == nil || !isWhole { lose(interface: name) }
        }
    }

    /// Copies of a port's socket and XDP link from a worker that has them.
    private func descriptors(of port: PortID) -> (socket: Int32, link: Int32)? {
        for worker in workers.values {
            guard let numbers = worker.ports[port], numbers.count == 2,
                let socket = try? worker.process.copyDescriptor(numbers[0]),
                let link = try? worker.process.copyDescriptor(numbers[1])
            else { continue }
            return (socket.take(), link.take())
        }
        return nil
    }

    private mutating func lose(interface name: String) {
        chain.removeInterface(name)
        if let program = programs.removeValue(forKey: name) { try? program.program.detach() }
        queues = queues.filter { $0.key.interface != name }
    }

    /// Hands all over to the host.
    func fill(_ host: LinuxHost) {
        host.shared = shared
        host.acknowledge = acknowledge
        host.programs = programs
        host.queues = queues
        let kept = chain.rings
        for entry in record.rings where kept.contains(entry.key) { host.rings[entry.key] = entry.id }
        let restarts = Dictionary(
            record.workers.map { ($0.function, $0.restarts) }, uniquingKeysWith: { first, _ in first })
        let threads = Dictionary(grouping: record.threads, by: \.key.function)
        for (function, plan) in chain.functions {
            let entries = (threads[function] ?? []).sorted { $0.key.index < $1.key.index }
            let functionRecord = FunctionRecord(
                function: function, plan: plan,
                threads: entries.map { FunctionRecord.Thread(id: $0.id, frames: $0.frames) },
                log: WorkerLog(path: host.folder.log(of: function.name, in: host.topology)))
            functionRecord.restarts = restarts[function] ?? 0
            functionRecord.worker = workers[function]
            host.functions[function] = functionRecord
        }
        let fabric = Fabric(chain)
        for (function, plan) in chain.functions {
            for thread in Executor.threads(function, plan) { host.tables[thread] = fabric.table(of: thread) }
        }
    }

    /// Starts workers for those that died while no daemon was there.
    func startDead(_ host: LinuxHost) {
        for record in host.functions.values where record.worker == nil {
            record.lastExit = "it ended while no daemon ran"
            host.recover(record)
            host.retry(record)
        }
    }
}
