// SPDX-License-Identifier: Apache-2.0

/// Finds the steps from what is to what shall be. Pure: the same input gives the same plan, and nothing is touched.
package enum Planner {
    /// - Parameter desired: nil: nothing shall be left.
    package static func plan(
        desired: Topology?, observed: Observed, surroundings: Surroundings
    ) throws(PlanError) -> Plan {
        let target = try desired.map { topology throws(PlanError) in
            try ChainBuilder(topology: topology, observed: observed, surroundings: surroundings).build()
        }
        return plan(from: observed, to: target ?? Chain(), surroundings: surroundings)
    }

    /// The steps to a chain that stood before, after a change that was not finished.
    package static func plan(from observed: Observed, to target: Chain, surroundings: Surroundings) -> Plan {
        let broken = Displacement(from: observed, to: target)
        let middle = broken.middle
        var steps: [Step] = []
        steps += repairs(observed, target)
        var breaking = ChainDifference(from: observed.chain, to: middle, surroundings: surroundings)
        breaking.reasons = broken.reasons
        steps += breaking.steps()
        var making = ChainDifference(from: middle, to: target, surroundings: surroundings)
        making.reasons = broken.reasons
        steps += making.steps()
        let names = LinkNames(observed.chain, target)
        return Plan(
            steps: steps, stays: stays(observed.chain, target, steps, names), result: target, names: names)
    }

    /// Dead workers come first: later steps need them to acknowledge their tables.
    private static func repairs(_ observed: Observed, _ target: Chain) -> [Step] {
        observed.faults.compactMap { fault in
            guard case .function(let function) = fault.subject, target.functions[function] != nil,
                let plan = observed.chain.functions[function]
            else { return nil }
            return Step(.restart, .function(function, from: plan, to: plan), reason: fault.reason)
        }
    }

    private static func stays(_ old: Chain, _ new: Chain, _ steps: [Step], _ names: LinkNames) -> [String] {
        let touched = Set(steps.map { names.subject(of: $0.change) })
        var subjects: [String] = []
        if new.memory != nil, old.memory == new.memory { subjects.append("umem") }
        subjects += new.hosts.keys.filter { old.hosts[$0] == new.hosts[$0] }.sorted().map { "host \($0)" }
        subjects += new.interfaces.keys.filter { old.interfaces[$0] == new.interfaces[$0] }.sorted()
            .map { "interface \($0)" }
        subjects += new.queues.intersection(old.queues).sorted().map { "queue \($0)" }
        subjects += new.functions.keys.filter { old.functions[$0] == new.functions[$0] }.sorted().map { "nf \($0)" }
        subjects += new.links.keys.filter { old.links[$0] == new.links[$0] }.sorted()
            .map { names.subject(of: $0, new.links[$0]?.target) }
        return subjects.filter { !touched.contains($0) }
    }
}
