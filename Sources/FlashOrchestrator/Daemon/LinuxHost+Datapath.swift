// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// Rings and tables in memory that all workers of a topology have: the shared datapath, and what the other one takes of it.
extension LinuxHost: Datapath {
    var datapath: any Datapath {
        get throws(HostError) {
            _ = try requireShared()
            return flash ?? self
        }
    }

    var freeFrames: Int { shared?.freeFrameCount ?? 0 }

    func addRing(_ ring: RingKey, capacity: Int) throws(HostError) {
        let shared = try requireShared()
        do throws(DatapathError) {
            rings[ring] = try shared.addRing(
                from: try id(of: ring.source), to: try id(of: ring.target), capacity: capacity)
        } catch {
            throw .datapath("a ring from \(ring.source) to \(ring.target): \(error.text)")
        }
    }

    func removeRing(_ ring: RingKey) {
        guard let id = rings.removeValue(forKey: ring), let shared else { return }
        lostBefore &+= UInt64(shared.removeRing(id))
    }

    func capacity(of ring: RingKey) -> Int {
        rings[ring].flatMap { shared?.ring($0)?.capacity } ?? 0
    }

    func capacity(of port: PortKey) -> Int { 0 }

    func isEmpty(_ ring: RingKey) -> Bool {
        guard let id = rings[ring] else { return true }
        return shared?.ring(id)?.used ?? 0 == 0
    }

    func isProven(_ ring: RingKey) -> Bool {
        guard let id = rings[ring] else { return false }
        return shared?.ring(id)?.isProven ?? false
    }

    func setTable(_ table: TablePlan, of thread: ThreadKey) throws(HostError) {
        let shared = try requireShared()
        let record = try requireFunction(thread.function)
        if let worker = record.worker {
            do throws(HostError) {
                try give(table, of: thread, to: worker, of: record)
            } catch {
                // It died just now: its successor, if one comes at once, gets what the table names instead.
                guard record.worker === worker, !worker.process.isAlive else { throw error }
                workerEnded(record, worker)
                startDue(record)
                if let next = record.worker { try give(table, of: thread, to: next, of: record) }
            }
        }
        do throws(DatapathError) {
            let resolved: ThreadTable
            if let flash { resolved = try flash.resolve(table, thread) } else { resolved = try resolve(table, thread) }
            generations[thread] = try shared.setTable(resolved, of: try id(of: thread))
            tables[thread] = table
        } catch {
            throw .datapath("the table of \(thread): \(error.text)")
        }
    }

    func hasAcknowledged(_ thread: ThreadKey) -> Bool {
        guard isRunning(thread), let generation = generations[thread], let shared,
            let id = try? id(of: thread)
        else { return true }
        return shared.acknowledged(id) == generation
    }

    func isRunning(_ thread: ThreadKey) -> Bool {
        functions[thread.function]?.worker != nil
    }

    /// It does not run, and no successor comes.
    func isGone(_ thread: ThreadKey) -> Bool {
        guard let record = functions[thread.function] else { return true }
        return record.worker == nil && record.isFailed
    }

    func id(of thread: ThreadKey) throws(DatapathError) -> ThreadID {
        guard let record = functions[thread.function], thread.index < record.threads.count else {
            throw .invalid("there is no thread \(thread)")
        }
        return record.threads[thread.index].id
    }

    // MARK: what a worker has to have

    /// Gives a worker the eventfds and sockets that a table names, where it has not got them.
    func give(
        _ table: TablePlan, of thread: ThreadKey, to worker: WorkerRecord, of record: FunctionRecord
    ) throws(HostError) {
        for input in table.inputs {
            switch input.source {
            case .queue(let queue): try give(queue, to: worker, of: record)
            case .ring(let ring): if flash == nil { try give(ring.source, to: worker, of: record) }
            case .frames: break
            }
            for target in input.routes.joined() {
                switch target {
                case .queue(let queue): try give(queue, to: worker, of: record)
                case .ring(let ring): if flash == nil { try give(ring.target, to: worker, of: record) }
                }
            }
        }
        let ports: [SocketPort]
        do throws(DatapathError) { ports = try flash?.ports(in: table, of: thread) ?? [] } catch {
            throw .datapath("the table of \(thread): \(error.text)")
        }
        for port in ports {
            try give(port.port, socket: port.socket.descriptor.rawValue, "a port", to: worker, of: record)
        }
    }

    private func give(_ peer: ThreadKey, to worker: WorkerRecord, of record: FunctionRecord) throws(HostError) {
        guard let id = try? id(of: peer) else { throw .missing("there is no thread \(peer)") }
        try give(id, to: worker, of: record)
    }

    func give(_ peer: ThreadID, to worker: WorkerRecord, of record: FunctionRecord) throws(HostError) {
        let shared = try requireShared()
        if worker.events.contains(peer) { return }
        do throws(WorkerError) {
            try worker.control.give(peer: peer, event: shared.event(of: peer))
            worker.events.insert(peer)
        } catch {
            replaceUnsure(record, worker, error)
            throw .worker(nf: record.function.name, reason: "did not take an event: \(error)", log: record.log.tail())
        }
    }

    private func give(_ queue: QueueID, to worker: WorkerRecord, of record: FunctionRecord) throws(HostError) {
        guard let port = queues[queue], let program = programs[queue.interface] else {
            throw .missing("queue \(queue) is not open")
        }
        try give(
            port.port, socket: port.socket.descriptor.rawValue, kept: [program.program.link.rawValue],
            "queue \(queue)", to: worker, of: record)
    }

    private func give(
        _ port: PortID, socket: Int32, kept: [Int32] = [], _ name: String, to worker: WorkerRecord,
        of record: FunctionRecord
    ) throws(HostError) {
        if worker.ports.contains(port) { return }
        do throws(WorkerError) {
            try worker.control.give(port: port, socket: socket, kept: kept)
            worker.ports.insert(port)
        } catch {
            replaceUnsure(record, worker, error)
            throw .worker(nf: record.function.name, reason: "did not take \(name): \(error)", log: record.log.tail())
        }
    }

    /// Has all workers let go of a socket.
    func dropPort(_ port: PortID, called name: String) throws(HostError) {
        for function in functions.values {
            guard let worker = function.worker, worker.ports.contains(port) else { continue }
            do throws(WorkerError) {
                try worker.control.drop(port: port)
                worker.ports.remove(port)
            } catch {
                replaceUnsure(function, worker, error)
                throw .worker(
                    nf: function.function.name, reason: "did not let go of \(name): \(error)",
                    log: function.log.tail())
            }
        }
    }

    private func resolve(_ table: TablePlan, _ thread: ThreadKey) throws(DatapathError) -> ThreadTable {
        var inputs: [ThreadTable.Input] = []
        for input in table.inputs {
            let source: ThreadTable.Source
            switch input.source {
            case .queue(let queue): source = .port(try port(queue))
            case .ring(let ring): source = .ring(try id(of: ring))
            case .frames:
                source = .frames(try frames(of: thread))
            }
            var routes: [[ThreadTable.Target]] = []
            for route in input.routes {
                var targets: [ThreadTable.Target] = []
                for target in route {
                    switch target {
                    case .queue(let queue): targets.append(.port(try port(queue)))
                    case .ring(let ring): targets.append(.ring(try id(of: ring)))
                    }
                }
                routes.append(targets)
            }
            inputs.append(ThreadTable.Input(source: source, routes: routes))
        }
        return ThreadTable(inputs: inputs)
    }

    private func id(of ring: RingKey) throws(DatapathError) -> RingID {
        guard let id = rings[ring] else { throw .invalid("no ring from \(ring.source) to \(ring.target)") }
        return id
    }

    func frames(of thread: ThreadKey) throws(DatapathError) -> RingID {
        guard let frames = functions[thread.function]?.threads[thread.index].frames else {
            throw .invalid("\(thread) has no frames to fill")
        }
        return frames
    }

    func port(_ queue: QueueID) throws(DatapathError) -> PortID {
        guard let record = queues[queue] else { throw .invalid("queue \(queue) is not open") }
        return record.port
    }
}

extension DatapathError {
    /// For a person.
    var text: String {
        switch self {
        case .system(let error): error.description
        case .exhausted(let what, let limit): "all \(limit) \(what) are in use"
        case .frames(let needed, let free): "it takes \(needed) frames, and the umem has \(free) left"
        case .invalid(let reason): reason
        }
    }
}
