// SPDX-License-Identifier: Apache-2.0

/// Finds the steps from what is to what shall be. Pure: the same input gives the same plan, and nothing is touched.
package enum Planner {
    /// - Parameter desired: nil: nothing shall be left.
    package static func plan(
        desired: Topology?, observed: Observed, surroundings: Surroundings
    ) throws(PlanError) -> Plan {
        var fallback: String?
        func build(keepsMemory: Bool) throws(PlanError) -> Chain {
            guard let desired else { return Chain() }
            let builder = ChainBuilder(
                topology: desired, observed: observed, surroundings: surroundings, keepsMemory: keepsMemory)
            let chain = try builder.build()
            fallback = builder.fallback(of: chain)
            return chain
        }
        let target = try build(keepsMemory: true)
        let steps = steps(Displacement(from: observed, to: target), observed, target, surroundings)
        let touchesMemory = steps.contains { if case .memory = $0.change { true } else { false } }
        if !touchesMemory, let shortage = FrameBudget.shortage(steps, from: observed) {
            let target = try build(keepsMemory: false)
            let broken = Displacement(from: observed, to: target, shortage: shortage)
            let steps = self.steps(broken, observed, target, surroundings)
            return plan(steps, from: observed.chain, to: target, fallback)
        }
        return plan(steps, from: observed.chain, to: target, fallback)
    }

    private static func plan(_ steps: [Step], from old: Chain, to target: Chain, _ fallback: String?) -> Plan {
        let names = LinkNames(old, target)
        return Plan(
            steps: steps, stays: stays(old, target, steps, names), result: target,
            datapath: (target.memory ?? old.memory)?.datapath ?? .shared, fallback: fallback, names: names)
    }

    private static func steps(
        _ broken: Displacement, _ observed: Observed, _ target: Chain, _ surroundings: Surroundings
    ) -> [Step] {
        let repairs = repairs(observed, broken.middle, target)
        let start = observed.chain.applying(repairs)
        if broken.reasons.isEmpty {
            return repairs + ChainDifference(from: start, to: target, surroundings: surroundings).steps()
        }
        let middle = broken.middle.applying(repairs)
        var breaking = ChainDifference(from: start, to: middle, surroundings: surroundings)
        breaking.reasons = broken.reasons
        var making = ChainDifference(from: middle, to: target, surroundings: surroundings)
        making.reasons = broken.reasons
        return repairs + breaking.steps() + making.steps()
    }

    /// Dead workers come first: later steps need them to acknowledge their tables. What changes of an NF that stands
    /// still anyway is changed on this occasion.
    private static func repairs(_ observed: Observed, _ middle: Chain, _ target: Chain) -> [Step] {
        observed.faults.compactMap { fault in
            if case .port(let port) = fault.subject, middle.ports.contains(port) {
                return Step(.rewire, .port(port, from: true, to: true), reason: fault.reason)
            }
            guard case .function(let function) = fault.subject, middle.functions[function] != nil,
                let old = observed.chain.functions[function], let new = target.functions[function]
            else { return nil }
            return Step(.restart, .function(function, from: old, to: new), reason: fault.reason)
        }
    }

    private static func stays(_ old: Chain, _ new: Chain, _ steps: [Step], _ names: LinkNames) -> [String] {
        // What is made anew or started again as it was has equal values before and after.
        let touched = Set(steps.filter { $0.kind != .create }.map { names.subject(of: $0.change) })
        var subjects: [String] = []
        if new.memory != nil, old.memory == new.memory { subjects.append("umem") }
        subjects += new.hosts.keys.filter { old.hosts[$0] == new.hosts[$0] }.sorted().map { "host \($0)" }
        subjects += new.interfaces.keys.filter { old.interfaces[$0] == new.interfaces[$0] }.sorted()
            .map { "interface \($0)" }
        subjects += new.queues.intersection(old.queues).sorted().map { "queue \($0)" }
        subjects += new.ports.intersection(old.ports).sorted().map { names.subject(of: $0) }
        subjects += new.functions.keys.filter { old.functions[$0] == new.functions[$0] }.sorted().map { "nf \($0)" }
        subjects += new.links.keys.filter { old.links[$0] == new.links[$0] }.sorted()
            .map { names.subject(of: $0, new.links[$0]?.target) }
        return touched.isEmpty ? subjects : subjects.filter { !touched.contains($0) }
    }
}
