// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// Apply and down.
extension DaemonState {
    func plan(_ topology: Topology) throws(ServiceError) -> Plan {
        if let record = foreign[topology.name] { throw record.error }
        let observed = topologies[topology.name]?.executor.observe() ?? Observed()
        return try plan(topology, named: topology.name, observed: observed)
    }

    func apply(
        _ source: AppliedSource, _ topology: Topology, deadline: Double?, progress: (ProgressEvent) -> Void
    ) throws(ServiceError) -> ApplyReply {
        if let record = foreign[source.name] { throw record.error }
        let isNew = topologies[source.name] == nil
        let managed = topologies[source.name] ?? makeTopology(source)
        let plan = try plan(topology, named: source.name, observed: managed.executor.observe())
        do {
            try folder.make(topology: source.name)
        } catch {
            throw ServiceError(.failed, error.description)
        }
        managed.previous = isNew ? nil : managed.applied
        managed.applied = source
        managed.applied.fallback = plan.fallback
        if plan.steps.isEmpty {
            if !isNew {
                managed.applied.since = managed.previous?.since ?? source.since
                managed.previous = nil
                managed.problems = []
                managed.notice = nil
                _ = try? managed.host.record(managed.executor.chain)
            }
            return ApplyReply(name: source.name, outcome: .unchanged, stays: plan.stays)
        }
        topologies[source.name] = managed
        return carryOut(plan, managed, deadline: deadline, hadChain: !isNew, progress: progress)
    }

    func down(_ name: String, deadline: Double?, progress: (ProgressEvent) -> Void) throws(ServiceError) -> ApplyReply {
        if let record = foreign[name] { return removeForeign(record) }
        let managed = try find(name)
        let plan = try plan(nil, named: name, observed: managed.executor.observe())
        managed.previous = managed.applied
        return carryOut(plan, managed, deadline: deadline, hadChain: true, progress: progress)
    }

    func plan(_ topology: Topology?, named name: String, observed: Observed) throws(ServiceError) -> Plan {
        do throws(PlanError) {
            return try Planner.plan(desired: topology, observed: observed, surroundings: surroundings(for: name))
        } catch {
            throw ServiceError(error)
        }
    }

    private func carryOut(
        _ plan: Plan, _ managed: ManagedTopology, deadline: Double?, hadChain: Bool,
        progress: (ProgressEvent) -> Void
    ) -> ApplyReply {
        let name = managed.applied.name
        let summaries = plan.summaries
        let start = MonotonicClock.now()
        let lostBefore = managed.host.packetsLost
        progress(.planned(PlanReply(name: name, datapath: plan.datapath.rawValue, plan: plan)))
        managed.isApplying = true
        managed.problems = []
        managed.notice = nil
        // From here on the next daemon knows what to go back to.
        do throws(HostError) {
            try managed.host.record(managed.executor.chain)
        } catch {
            logger.error("\(error.message)")
        }
        let outcome = managed.executor.run(plan, deadline: deadline ?? Executor.stepDeadline, report: progress)
        managed.isApplying = false

        var reply = ApplyReply(name: name, outcome: .done, steps: summaries, stays: plan.stays)
        switch outcome {
        case .done:
            break
        case .failed(let step, let error):
            reply.outcome = .failed
            reply.failure = ApplyReply.Failure(step: step.map { summaries[$0] }, message: error.message)
        case .rollbackFailed(let step, let error, let problems):
            reply.outcome = .rollbackFailed
            reply.failure = ApplyReply.Failure(
                step: step.map { summaries[$0] }, message: error.message, rollback: problems)
            managed.problems = problems
        }
        if reply.outcome != .done, let previous = managed.previous { managed.applied = previous }
        managed.previous = nil
        settle(managed)
        reply.milliseconds = Double(MonotonicClock.now() &- start) / 1e6
        if hadChain { reply.packetsLost = managed.host.packetsLost &- lostBefore }
        return reply
    }

    /// Keeps the record of a topology after a change, or forgets it where nothing stands of it.
    func settle(_ managed: ManagedTopology) {
        let name = managed.applied.name
        if managed.executor.chain.isEmpty && managed.problems.isEmpty {
            topologies[name] = nil
            folder.remove(topology: name)
            return
        }
        do throws(HostError) {
            try managed.host.record(managed.executor.chain)
        } catch {
            logger.error("\(error.message)")
        }
    }
}

extension PlanReply {
    init(name: String, datapath: String, plan: Plan, diagnostics: [ServiceDiagnostic] = []) {
        self.init(
            name: name, datapath: datapath, fallback: plan.fallback, steps: plan.summaries, stays: plan.stays,
            diagnostics: diagnostics)
    }
}

extension ServiceError {
    init(_ error: PlanError) {
        let kind: Kind =
            switch error {
            case .deviceHeld, .deviceExists, .namespaceExists: .conflict
            case .noFlashKernel, .flashKernelUnusable: .notPermitted
            default: .badInput
            }
        self.init(kind, error.message, help: error.help)
    }
}
