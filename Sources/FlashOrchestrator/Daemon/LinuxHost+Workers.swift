// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
internal import Glibc

/// Workers: how they are started, replaced and ended.
extension LinuxHost {
    func start(_ function: FunctionID, _ plan: FunctionPlan) throws(HostError) {
        let shared = try requireShared()
        var threads: [FunctionRecord.Thread] = []
        func giveUp() {
            for thread in threads {
                if let frames = thread.frames { shared.removeRing(frames) }
                shared.removeThread(thread.id)
            }
        }
        do throws(DatapathError) {
            for _ in 0..<plan.function.threads {
                threads.append(FunctionRecord.Thread(id: try shared.addThread()))
                let last = threads.count - 1
                if plan.isSource { threads[last].frames = try shared.addFrames(of: threads[last].id) }
            }
        } catch {
            giveUp()
            throw .datapath("nf \(function.name): \(error.text)")
        }
        let record = FunctionRecord(
            function: function, plan: plan, threads: threads,
            log: WorkerLog(path: folder.log(of: function.name, in: topology)))
        for index in threads.indices { tables[record.key(index)] = TablePlan() }
        do {
            let worker = try spawn(record, plan)
            try activate(worker, record, plan)
            record.worker = worker
            functions[function] = record
            setSpin()
        } catch {
            giveUp()
            throw error
        }
    }

    func restart(_ function: FunctionID, from old: FunctionPlan, to new: FunctionPlan) throws(HostError) {
        let record = try requireFunction(function)
        let next = try spawn(record, new)
        endWorker(record)
        record.isStopping = false
        record.retryAt = nil
        do {
            try activate(next, record, new)
            record.plan = new
            record.worker = next
            record.isFailed = false
            record.policy = RestartPolicy()
        } catch {
            end(next)
            recover(record)
            replaceDead(record, afterMilliseconds: RestartPolicy.longLife)
            startDue(record)
            throw error
        }
    }

    func reconfigure(_ function: FunctionID, from old: FunctionPlan, to new: FunctionPlan) throws(HostError) {
        let record = try requireFunction(function)
        if old.function.configuration != new.function.configuration, let worker = record.worker {
            do throws(WorkerError) {
                try worker.control.reconfigure(new.function.configuration)
            } catch {
                replaceUnsure(record, worker, error)
                throw .worker(nf: function.name, reason: "did not take the new configuration: \(error)", log: [])
            }
        }
        record.plan = new
        setSpin(record)
    }

    func replace(_ function: FunctionID) {
        guard let record = functions[function], let worker = record.worker else { return }
        record.log.note("worker \(worker.process.identifier) does not answer and is killed")
        worker.process.end()
        noteExit(record)
        recover(record)
        replaceDead(record, afterMilliseconds: RestartPolicy.longLife)
        startDue(record)
    }

    /// A worker that did not answer in time may yet do what it was asked for: then what stands would not be what is known. One
    /// that is being started is its starter's to end.
    func replaceUnsure(_ record: FunctionRecord, _ worker: WorkerRecord, _ error: WorkerError) {
        guard case .timedOut = error, record.worker === worker else { return }
        // The successor may take longer than that, and comes whatever the policy: the worker has not failed.
        let limit = deadline
        deadline = max(limit, Executor.stepDeadline)
        defer { deadline = limit }
        record.log.note("worker \(worker.process.identifier) does not answer and is killed")
        worker.process.end()
        noteExit(record)
        recover(record)
        record.restarts += 1
        retry(record)
    }

    func stop(_ function: FunctionID) throws(HostError) {
        let record = try requireFunction(function)
        let shared = try requireShared()
        endWorker(record)
        functions[function] = nil
        setSpin()
        for (index, thread) in record.threads.enumerated() {
            lostBefore &+= Self.lost(by: thread.id, in: shared)
            if let frames = thread.frames { shared.removeRing(frames) }
            shared.removeThread(thread.id)
            tables[record.key(index)] = nil
            generations[record.key(index)] = nil
            // The next thread in its slot has another event.
            for other in functions.values { other.worker?.events.remove(thread.id) }
        }
    }

    func halt(_ functions: [FunctionID]) {
        let records = functions.compactMap { self.functions[$0] }
        for record in records { askToEnd(record) }
        let limit = stopLimit
        for record in records { endWorker(record, by: limit) }
    }

    func resume(_ functions: [FunctionID]) throws(HostError) {
        for function in functions {
            let record = try requireFunction(function)
            record.isStopping = false
            if record.worker == nil && !record.isFailed { try startSuccessor(record) }
        }
    }

    // MARK: supervision

    /// To be called when a worker's pidfd says that it has ended. `startDue` starts its successor.
    ///
    /// Others may have seen its end first: then there is a successor by now, or one is on its way.
    func workerEnded(_ record: FunctionRecord, _ worker: WorkerRecord) {
        guard record.worker === worker, !worker.process.isAlive else { return }
        let life = Int((now &- worker.started) / 1_000_000)
        noteExit(record)
        recover(record)
        if !record.isStopping { replaceDead(record, afterMilliseconds: life) }
    }

    /// Puts others in the place of workers that will not answer.
    func replaceStopped() {
        for record in functions.values where record.worker != nil && record.fault != nil { replace(record.function) }
    }

    /// Starts workers for those that died while no daemon was there.
    func startDead() {
        for record in functions.values where record.worker == nil { retry(record) }
    }

    /// Starts a successor, if it is time for one.
    func startDue(_ record: FunctionRecord) {
        if let time = record.retryAt, time <= now { retry(record) }
    }

    private func retry(_ record: FunctionRecord) {
        record.retryAt = nil
        do {
            try startSuccessor(record)
        } catch {
            record.log.note(error.message)
            replaceDead(record, afterMilliseconds: 0)
            startDue(record)
        }
    }

    /// Says when a successor comes, or that none does.
    private func replaceDead(_ record: FunctionRecord, afterMilliseconds life: Int) {
        guard record.plan.function.restart != .never else {
            record.isFailed = true
            record.log.note("restart is never")
            return
        }
        switch record.policy.died(afterMilliseconds: life) {
        case .giveUp:
            record.isFailed = true
            record.log.note("it ended \(RestartPolicy.deathLimit) times in a row, and is not started again")
        case .restart(let delay):
            record.restarts += 1
            record.retryAt = now &+ UInt64(delay) &* 1_000_000
        }
    }

    private func startSuccessor(_ record: FunctionRecord) throws(HostError) {
        let worker = try spawn(record, record.plan)
        do {
            try activate(worker, record, record.plan)
        } catch {
            // Its threads may have run before it failed.
            recover(record)
            throw error
        }
        record.worker = worker
        do { try save(self, recordedChain) } catch { record.log.note("\(error)") }
    }

    private func noteExit(_ record: FunctionRecord) {
        guard let worker = record.worker else { return }
        let exit = ((try? worker.process.exitStatus()) ?? nil) ?? .unknown
        record.lastExit = exit.description
        record.worker = nil
        if !record.isStopping { record.log.note("worker \(worker.process.identifier) ended: \(exit)") }
    }

    /// Carries through what the dead worker's threads left undone.
    func recover(_ record: FunctionRecord) {
        guard let shared else { return }
        for thread in record.threads { shared.recover(thread.id) }
    }

    // MARK: one worker

    /// Starts a worker and gives it all that its threads' tables name. It does not run yet.
    private func spawn(_ record: FunctionRecord, _ plan: FunctionPlan) throws(HostError) -> WorkerRecord {
        let shared = try requireShared()
        guard let acknowledge else { throw .missing("there is no umem") }
        let worker: WorkerRecord
        do throws(SystemError) {
            let pair = try OwnedDescriptor.socketPair()
            let log = try record.log.open()
            let process = try WorkerProcess(
                executable: program,
                arguments: [
                    "flash-nf", "--topology", topology, "--nf", record.function.name, "--runtime", folder.path,
                ],
                control: pair.second.rawValue, daemonEnd: pair.first.rawValue, log: log.rawValue,
                memoryLimit: WorkerProcess.memoryLimit(threads: record.threads.count)
            ).spawn()
            worker = WorkerRecord(
                process: process, control: WorkerControl(try OwnedDescriptor.duplicate(pair.first.rawValue)),
                started: now, since: MonotonicClock.timestamp())
            prepare(worker.control)
        } catch {
            throw .system(error, doing: "starting nf \(record.function.name)")
        }
        do {
            do throws(WorkerError) {
                try worker.control.start(
                    program: plan.function.program, configuration: plan.function.configuration,
                    threads: record.threadIDs, memory: shared.memoryDescriptor, arena: shared.arenaDescriptor,
                    acknowledgeEvent: acknowledge.descriptor.rawValue)
            } catch {
                throw HostError.worker(nf: record.function.name, reason: "\(error)", log: record.log.tail())
            }
            for (index, thread) in record.threads.enumerated() {
                try give(thread.id, to: worker, of: record)
                let key = record.key(index)
                try give(tables[key] ?? TablePlan(), of: key, to: worker, of: record)
            }
        } catch let error as HostError {
            end(worker)
            throw error
        } catch {
            end(worker)
            throw .missing("\(error)")
        }
        return worker
    }

    /// Lets a worker carry packets.
    private func activate(
        _ worker: WorkerRecord, _ record: FunctionRecord, _ plan: FunctionPlan
    ) throws(HostError) {
        setSpin(record, plan)
        let cpus = plan.function.cpus
        for (index, thread) in record.threadIDs.enumerated() {
            shared?.setCPU(cpus.isEmpty ? nil : cpus[index % cpus.count], of: thread)
        }
        do throws(SystemError) {
            // Threads that it starts now take this over.
            if let first = cpus.first {
                try Affinity.set(thread: worker.process.identifier, cpus: [first])
            }
        } catch {
            end(worker)
            throw .system(error, doing: "nf \(record.function.name)")
        }
        do throws(WorkerError) {
            try worker.control.run()
        } catch {
            end(worker)
            throw .worker(nf: record.function.name, reason: "did not become ready: \(error)", log: record.log.tail())
        }
        placeThreads(worker, plan)
    }

    /// Threads of a worker are numbered as they were started: after its main thread, ascending.
    private func placeThreads(_ worker: WorkerRecord, _ plan: FunctionPlan) {
        let cpus = plan.function.cpus
        guard cpus.count > 1 else { return }
        let tasks = SystemFile.names(in: "/proc/\(worker.process.identifier)/task").compactMap { Int32($0) }.sorted()
        for (index, task) in tasks.filter({ $0 != worker.process.identifier }).enumerated() {
            try? Affinity.set(thread: task, cpus: [cpus[index % cpus.count]])
        }
    }

    /// Tells all threads how long to spin: one more NF, or one less, may change it for those that share its CPUs.
    private func setSpin(_ changed: FunctionRecord? = nil, _ plan: FunctionPlan? = nil) {
        let plans = functions.values.map { $0 === changed ? plan ?? $0.plan : $0.plan }
        let cpuCount = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        for record in functions.values {
            let function = (record === changed ? plan ?? record.plan : record.plan).function
            let budgets = SpinBudget.budgets(of: function, among: plans.map(\.function), cpuCount: cpuCount)
            for (thread, budget) in zip(record.threadIDs, budgets) { shared?.setSpin(budget, of: thread) }
        }
    }

    /// Asks an NF's threads to end after the batch at hand.
    private func askToEnd(_ record: FunctionRecord) {
        record.isStopping = true
        record.retryAt = nil
        guard record.worker != nil, let shared else { return }
        for thread in record.threadIDs { shared.requestMode(.stop, of: thread) }
    }

    /// Ends an NF's worker, by force where it does not end by itself, and makes its threads ready for a successor.
    private func endWorker(_ record: FunctionRecord, by limit: UInt64? = nil) {
        askToEnd(record)
        guard let worker = record.worker else { return }
        let limit = limit ?? stopLimit
        while worker.process.isAlive && now < limit {
            pump(10)
            // Supervision may have seen its end.
            if record.worker == nil { return }
        }
        worker.process.end()
        noteExit(record)
        recover(record)
    }

    /// When a worker that is asked to end now is ended by force.
    private var stopLimit: UInt64 { now &+ UInt64(Self.stopPatience) &* 1_000_000 }

    /// Ends a worker that has not run.
    private func end(_ worker: WorkerRecord) {
        worker.process.end()
        _ = try? worker.process.exitStatus()
    }

    /// Ends all workers at once, for a chain that cannot be taken over.
    func abandon() {
        for record in functions.values {
            record.isStopping = true
            record.retryAt = nil
            if let worker = record.worker { end(worker) }
            record.worker = nil
        }
    }

    func requireFunction(_ function: FunctionID) throws(HostError) -> FunctionRecord {
        guard let record = functions[function] else { throw .missing("nf \(function.name) is not there") }
        return record
    }
}
