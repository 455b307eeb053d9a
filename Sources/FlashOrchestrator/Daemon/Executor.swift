// SPDX-License-Identifier: Apache-2.0

/// Carries out plans for one topology, and knows what stands. Not safe to use from two threads at once.
package final class Executor {
    package enum Outcome: Sendable {
        case done
        /// A step, or the proof after the last one (`step` nil), failed; what was before is back.
        case failed(step: Int?, HostError)
        /// And so did the way back.
        case rollbackFailed(step: Int?, HostError, [String])
    }

    package let host: any Host
    /// What stands.
    package private(set) var chain: Chain
    var fabric: Fabric
    /// The table that each thread was given last.
    var tables: [ThreadKey: TablePlan] = [:]
    /// How long anything may take, in seconds.
    var deadline: Double {
        get { host.deadline }
        set { host.deadline = newValue }
    }
    /// The steps that are being carried out, or undone, as far as their frames go, and which one is.
    private var budget: (frames: FrameBudget, step: Int)?
    /// True on the way back and after a daemon's death: who does not answer is replaced.
    var isUndoing = false
    private var halted: [FunctionID] = []

    /// - Parameter chain: what stands on the host already.
    package init(host: any Host, chain: Chain = Chain()) {
        self.host = host
        self.chain = chain
        fabric = Fabric(chain)
    }

    /// What stands, for the planner.
    package func observe() -> Observed {
        Observed(
            chain: chain, freeFrames: chain.memory == nil ? 0 : (try? host.datapath.freeFrames) ?? 0,
            faults: host.faults(in: chain))
    }

    /// Gives every thread the table that what stands says. One that does not answer is replaced.
    ///
    /// - Parameter resting: nil: they work by these tables already. Else all threads let go of what they read first, since
    ///   a ring or a queue may have another reader than it should, and this is done while nobody carries packets.
    package func settleAll(resting: (() throws(HostError) -> Void)?) throws(HostError) {
        isUndoing = true
        defer { isUndoing = false }
        let threads = Set(chain.functions.flatMap(Self.threads))
        let fabric = fabric
        if let resting {
            try settle(threads) { _ in TablePlan() }
            try resting()
        }
        try settle(threads) { fabric.table(of: $0) }
        guard resting != nil, let datapath = try? host.datapath else { return }
        for queue in chain.queues.sorted() { try? datapath.deliver(queue, fabric.reader(of: queue) != nil) }
    }

    /// Carries out a plan; on a failure, undoes what was done of it.
    package func run(
        _ plan: Plan, deadline: Double, report: (ProgressEvent) -> Void = { _ in }
    ) -> Outcome {
        self.deadline = deadline
        let before = Set(host.faults(in: chain))
        let budget = makeBudget(plan.steps)
        haltForRemoval(plan)
        defer {
            halted = []
            self.budget = nil
            // Supervision is no part of this request.
            self.deadline = Self.stepDeadline
        }

        for (index, step) in plan.steps.enumerated() {
            let summary = plan.summary(of: step, number: index + 1)
            report(.started(step: summary, count: plan.steps.count))
            self.budget = (budget, index)
            let start = host.now
            var done = index
            do throws(HostError) {
                try perform(step)
                done += 1
                try host.record(chain)
                report(.done(step: summary, count: plan.steps.count, milliseconds: milliseconds(since: start)))
            } catch {
                report(
                    .failed(
                        step: summary, count: plan.steps.count, milliseconds: milliseconds(since: start),
                        message: error.message))
                let problems = undo(plan, done: done, begun: index + 1, before: before, report: report)
                return problems.isEmpty
                    ? .failed(step: index, error) : .rollbackFailed(step: index, error, problems)
            }
        }
        report(.proving(links: chain.links.count))
        do throws(HostError) {
            try prove()
            return .done
        } catch {
            let count = plan.steps.count
            let problems = undo(plan, done: count, begun: count, before: before, report: report)
            return problems.isEmpty ? .failed(step: nil, error) : .rollbackFailed(step: nil, error, problems)
        }
    }

    /// How long anything in a step may take, in seconds, where the request does not say.
    static let stepDeadline = 5.0

    /// Undoes the first `done` steps, and what one that was begun has left of a link; then reads back what stands. The record
    /// is the caller's to write: a disk that is full keeps no chain from coming back.
    private func undo(
        _ plan: Plan, done: Int, begun: Int, before: Set<Fault>, report: (ProgressEvent) -> Void
    ) -> [String] {
        isUndoing = true
        defer { isUndoing = false }
        // An apply that is to be short ends early; the old chain comes back all the same.
        deadline = max(deadline, Self.stepDeadline)
        var problems: [String] = []
        var steps: [(index: Int, step: Step)] = []
        for index in done..<begun {
            if case .link = plan.steps[index].change { steps.append((index, plan.steps[index].undo)) }
        }
        for index in (0..<done).reversed() {
            let step = plan.steps[index].undo
            if case .function(_, let old, let new) = step.change, old == new { continue }
            steps.append((index, step))
        }
        let budget = makeBudget(steps.map(\.step))
        for (position, (index, step)) in steps.enumerated() {
            let start = host.now
            let summary = plan.summary(of: plan.steps[index], number: index + 1)
            self.budget = (budget, position)
            do throws(HostError) {
                try perform(step)
                try? host.record(chain)
                report(.undone(step: summary, milliseconds: milliseconds(since: start)))
            } catch {
                problems.append("\(summary.kind.rawValue) \(summary.subject) could not be undone: \(error.message)")
            }
        }
        do throws(HostError) {
            try resume()
        } catch {
            problems.append(error.message)
        }
        replaceSilent(before)
        if problems.isEmpty {
            problems = host.faults(in: chain).filter { !before.contains($0) }.map(\.text)
        }
        return problems
    }

    /// Replaces workers that are there and do nothing, as they may be what the plan failed at.
    private func replaceSilent(_ before: Set<Fault>) {
        for fault in host.faults(in: chain) where !before.contains(fault) {
            guard case .function(let function) = fault.subject, let datapath = try? host.datapath,
                datapath.isRunning(ThreadKey(function: function, index: 0))
            else { continue }
            host.replace(function)
        }
    }

    private func perform(_ step: Step) throws(HostError) {
        switch step.change {
        case .memory(_, let plan):
            if let plan { try host.createMemory(plan) } else { try host.removeMemory() }
        case .host(let name, let old, let new):
            if let old { try host.removeHost(name, old) }
            if let new { try host.createHost(name, new) }
        case .interface(let name, let old, let new):
            if let old { try host.detach(name, old) }
            if let new { try host.attach(name, new) }
        case .queue(let queue, let exists):
            if exists {
                guard let interface = chain.interfaces[queue.interface] else {
                    throw .missing("interface \(queue.interface) is not there")
                }
                try host.openQueue(queue, of: interface)
            } else {
                try host.closeQueue(queue)
            }
        case .port(let port, let old, let new):
            if old && new {
                try host.rewire(port)
            } else if new {
                try host.openPort(port, capacity: ringCapacity(try host.datapath))
            } else {
                try host.closePort(port)
            }
        case .function(let function, let old, let new):
            try perform(step.kind, function, from: old, to: new)
        case .link(let source, _, let new):
            try change(source, to: new)
        }
        chain.apply(step.change)
    }

    private func perform(
        _ kind: StepKind, _ function: FunctionID, from old: FunctionPlan?, to new: FunctionPlan?
    ) throws(HostError) {
        switch (old, new) {
        case (nil, let new?):
            try host.start(function, new)
            fabric.setFunction(function, isSource: new.isSource)
        case (let old?, nil):
            try host.stop(function)
            fabric.setFunction(function, isSource: nil)
            for thread in Self.threads(function, old) { tables[thread] = nil }
        case (let old?, let new?):
            if kind == .reconfigure {
                try host.reconfigure(function, from: old, to: new)
            } else {
                try host.restart(function, from: old, to: new)
            }
        case (nil, nil):
            return
        }
    }

    /// Where the memory goes, nothing can be carried to its end any more: queues are closed to packets first, then
    /// all workers end, and taking their links down waits for nobody.
    private func haltForRemoval(_ plan: Plan) {
        let removesMemory = plan.steps.contains { step in
            if case .memory(_?, nil) = step.change { true } else { false }
        }
        guard removesMemory, let datapath = try? host.datapath else { return }
        for queue in chain.queues.sorted() where fabric.reader(of: queue) != nil {
            try? datapath.deliver(queue, false)
        }
        halted = chain.functions.keys.sorted()
        host.halt(halted)
    }

    /// Lets what was halted run again, as far as it still stands.
    private func resume() throws(HostError) {
        guard !halted.isEmpty else { return }
        try host.resume(halted.filter { chain.functions[$0] != nil })
        let datapath = try host.datapath
        for queue in chain.queues.sorted() where fabric.reader(of: queue) != nil {
            try datapath.deliver(queue, true)
        }
    }

    /// Waits until a probe has passed over every ring that is written to.
    private func prove() throws(HostError) {
        guard chain.memory != nil else { return }
        let datapath = try host.datapath
        let written = tables.values.flatMap { $0.inputs }.flatMap { $0.routes }.flatMap { $0 }
        for target in Set(written) {
            guard case .ring(let ring) = target else { continue }
            try waitUntil("no probe passed from \(ring.source) to \(ring.target)") {
                datapath.isProven(ring) || !datapath.isRunning(ring.source) || !datapath.isRunning(ring.target)
            }
        }
        if let fault = host.faults(in: chain).first { throw .missing(fault.text) }
    }

    /// Waits for something, at most until the deadline.
    func waitUntil(_ failure: @autoclosure () -> String, _ condition: () -> Bool) throws(HostError) {
        let start = host.now
        while !condition() {
            if milliseconds(since: start) > deadline * 1000 { throw .deadline(what: failure(), seconds: deadline) }
            host.wait(milliseconds: 1)
        }
    }

    private func milliseconds(since start: UInt64) -> Double { Double(host.now &- start) / 1e6 }

    static func threads(_ function: FunctionID, _ plan: FunctionPlan) -> [ThreadKey] {
        (0..<plan.function.threads).map { ThreadKey(function: function, index: $0) }
    }

    private func makeBudget(_ steps: [Step]) -> FrameBudget {
        let datapath = try? host.datapath
        let smallest = MemoryPlanner.smallestRing
        return FrameBudget(steps, datapath: chain.memory?.datapath ?? .shared) { ring in
            datapath?.capacity(of: ring) ?? smallest
        } portCapacity: { port in
            datapath?.capacity(of: port) ?? smallest
        }
    }

    /// Slots for the rings, or a port's, that the step at hand makes.
    func ringCapacity(_ datapath: any Datapath) -> Int {
        let largest = chain.memory?.ringCapacity ?? MemoryPlanner.largestRing
        guard let budget else { return largest }
        return budget.frames.ringCapacity(at: budget.step, free: datapath.freeFrames, largest: largest)
    }
}

extension Fault {
    var text: String {
        switch subject {
        case .function(let function): "nf \(function.name): \(reason)"
        case .interface(let name): "interface \(name): \(reason)"
        case .host(let name): "host \(name): \(reason)"
        case .port(let port): "port \(port.thread): \(reason)"
        case .ports: reason
        }
    }
}
