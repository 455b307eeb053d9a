// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// The steps between two chains that can stand beside each other: make before break, downstream first.
struct ChainDifference {
    let old: Chain
    let new: Chain
    /// Why things were displaced: what is made anew says so.
    var reasons: [Displacement.Reasoned: String] = [:]
    private let surroundings: Surroundings
    private let names: LinkNames

    init(from old: Chain, to new: Chain, surroundings: Surroundings) {
        self.old = old
        self.new = new
        self.surroundings = surroundings
        names = LinkNames(old, new)
    }

    func steps() -> [Step] {
        let (linked, joint) = linkChanges()
        return resourceCreations() + functionCreations() + linked + functionChanges() + linkRemovals(joint)
            + functionRemovals() + resourceRemovals()
    }

    // MARK: links

    /// Each link that is new or leads elsewhere, with what stands afterwards. Hops from threads that shall not feed the
    /// link any more stay until nothing can come from them: they are removed later, upstream first.
    private func linkChanges() -> (steps: [Step], after: [LinkSource: WiredLink]) {
        var after = old.links
        var steps: [Step] = []
        if old.links == new.links { return (steps, after) }
        for source in LinkOrder.downstreamFirst(new.links) {
            guard let wanted = new.links[source] else { continue }
            guard let present = old.links[source] else {
                steps.append(Step(.create, .link(source, from: nil, to: wanted), reason: reason(ofNew: source)))
                after[source] = wanted
                continue
            }
            let fed = Set(wanted.hops.map(\.source))
            let late = present.hops.filter { !fed.contains($0.source) }
            let joint = WiredLink(target: wanted.target, hops: (wanted.hops + late).sorted())
            if joint == present { continue }
            steps.append(
                Step(.rewire, .link(source, from: present, to: joint), reason: reason(present, wanted)))
            after[source] = joint
        }
        return (steps, after)
    }

    private func linkRemovals(_ joint: [LinkSource: WiredLink]) -> [Step] {
        if joint == new.links { return [] }
        return LinkOrder.downstreamFirst(joint).reversed().compactMap { source in
            let wanted = new.links[source]
            guard let present = joint[source], present != wanted else { return nil }
            let reason = wanted == nil ? reason(ofRemoved: source, present) : "its old threads are done"
            return Step(.remove, .link(source, from: present, to: wanted), reason: reason)
        }
    }

    private func reason(ofNew source: LinkSource) -> String {
        if let reason = reasons[.all] { return reason }
        if case .queue(let queue) = source.head, let reason = reasons[.interface(queue.interface)] { return reason }
        if case .queues(let interface, _)? = new.links[source]?.target, let reason = reasons[.interface(interface)] {
            return reason
        }
        return "new in the topology"
    }

    private func reason(ofRemoved source: LinkSource, _ link: WiredLink) -> String {
        if let reason = reasons[.all] { return reason }
        if case .queue(let queue) = source.head, let reason = reasons[.interface(queue.interface)] { return reason }
        if case .queues(let interface, _) = link.target, let reason = reasons[.interface(interface)] { return reason }
        return "no longer in the topology"
    }

    private func reason(_ present: WiredLink, _ wanted: WiredLink) -> String {
        if present.target != wanted.target {
            return "leads to \(names.text(of: wanted.target)) instead of \(names.text(of: present.target))"
        }
        let before = Set(present.hops.flatMap { [$0.source.thread?.function, $0.target.thread?.function] })
        let after = Set(wanted.hops.flatMap { [$0.source.thread?.function, $0.target.thread?.function] })
        if let fresh = after.subtracting(before).compactMap(\.self).sorted().first {
            return "nf \(fresh.name) is made anew"
        }
        return "packets reach it on other threads"
    }

    // MARK: functions

    private func functionCreations() -> [Step] {
        let newest = Dictionary(old.functions.keys.map { ($0.name, $0) }, uniquingKeysWith: max)
        return new.functions.keys.sorted().filter { old.functions[$0] == nil }.map { function in
            let previous = newest[function.name]
            let change = Change.function(function, from: nil, to: new.functions[function])
            if let previous, let before = old.functions[previous]?.function,
                let after = new.functions[function]?.function
            {
                let reason =
                    before.program != after.program
                    ? "program changes from \(before.program) to \(after.program)"
                    : "threads changes from \(before.threads) to \(after.threads)"
                return Step(.recreate, change, reason: reason)
            }
            if let reason = reasons[.all] { return Step(.recreate, change, reason: reason) }
            return Step(.create, change, reason: "new in the topology")
        }
    }

    private func functionChanges() -> [Step] {
        new.functions.keys.sorted().compactMap { function in
            guard let before = old.functions[function], let after = new.functions[function], before != after
            else { return nil }
            let change = Change.function(function, from: before, to: after)
            let difference = FunctionDifference(
                from: before.function, to: after.function,
                declaration: surroundings.declaration(after.function.program))
            return Step(difference.isLive ? .reconfigure : .restart, change, reason: difference.reason)
        }
    }

    private func functionRemovals() -> [Step] {
        let kept = Set(new.functions.keys.map(\.name))
        return old.functions.keys.sorted().filter { new.functions[$0] == nil }.map { function in
            let isReplaced = kept.contains(function.name)
            let reason = reasons[.all] ?? (isReplaced ? "its successor has taken over" : "no longer in the topology")
            return Step(.remove, .function(function, from: old.functions[function], to: nil), reason: reason)
        }
    }

    // MARK: memory, hosts, interfaces, queues

    private func resourceCreations() -> [Step] {
        var steps: [Step] = []
        if old.memory == nil, let memory = new.memory {
            steps.append(making(.memory(from: nil, to: memory), reasons[.all]))
        }
        for name in new.hosts.keys.sorted() where old.hosts[name] == nil {
            steps.append(making(.host(name, from: nil, to: new.hosts[name]), reasons[.host(name)]))
        }
        for name in new.interfaces.keys.sorted() where old.interfaces[name] == nil {
            let reason = reasons[.interface(name)] ?? reasons[.all]
            steps.append(making(.interface(name, from: nil, to: new.interfaces[name]), reason))
        }
        for queue in new.queues.subtracting(old.queues).sorted() {
            let reason = reasons[.interface(queue.interface)] ?? reasons[.all]
            steps.append(making(.queue(queue, exists: true), reason))
        }
        for port in new.ports.subtracting(old.ports).sorted() {
            steps.append(making(.port(port, from: false, to: true), reasons[.all]))
        }
        return steps
    }

    private func resourceRemovals() -> [Step] {
        var steps: [Step] = []
        for port in old.ports.subtracting(new.ports).sorted() {
            steps.append(breaking(.port(port, from: true, to: false), reasons[.all]))
        }
        for queue in old.queues.subtracting(new.queues).sorted() {
            let reason = reasons[.interface(queue.interface)] ?? reasons[.all]
            steps.append(breaking(.queue(queue, exists: false), reason))
        }
        for name in old.interfaces.keys.sorted() where new.interfaces[name] == nil {
            let reason = reasons[.interface(name)] ?? reasons[.all]
            steps.append(breaking(.interface(name, from: old.interfaces[name], to: nil), reason))
        }
        for name in old.hosts.keys.sorted() where new.hosts[name] == nil {
            steps.append(breaking(.host(name, from: old.hosts[name], to: nil), reasons[.host(name)]))
        }
        if let memory = old.memory, new.memory == nil {
            steps.append(breaking(.memory(from: memory, to: nil), reasons[.all]))
        }
        return steps
    }

    private func making(_ change: Change, _ reason: String?) -> Step {
        Step(reason == nil ? .create : .recreate, change, reason: reason ?? "new in the topology")
    }

    private func breaking(_ change: Change, _ reason: String?) -> Step {
        Step(.remove, change, reason: reason ?? "no longer in the topology")
    }
}
