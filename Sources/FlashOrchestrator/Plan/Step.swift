// SPDX-License-Identifier: Apache-2.0

/// One change of one thing, with its reason.
package struct Step: Codable, Hashable, Sendable {
    package var kind: StepKind
    package var change: Change
    /// Why, as a clause.
    package var reason: String

    package init(_ kind: StepKind, _ change: Change, reason: String) {
        self.kind = kind
        self.change = change
        self.reason = reason
    }

    /// The step that takes this one back.
    package var undo: Step {
        let kind: StepKind =
            switch self.kind {
            case .create, .recreate: .remove
            case .remove: .create
            case .rewire, .reconfigure, .restart: self.kind
            }
        return Step(kind, change.reversed, reason: "undo: \(reason)")
    }
}

/// What a step changes; nil: it is not there.
package enum Change: Codable, Hashable, Sendable {
    case memory(from: MemoryPlan?, to: MemoryPlan?)
    case host(String, from: HostPlan?, to: HostPlan?)
    case interface(String, from: InterfacePlan?, to: InterfacePlan?)
    case queue(QueueID, exists: Bool)
    /// From true to true: its rule is written again.
    case port(PortKey, from: Bool, to: Bool)
    case function(FunctionID, from: FunctionPlan?, to: FunctionPlan?)
    case link(LinkSource, from: WiredLink?, to: WiredLink?)

    package var reversed: Change {
        switch self {
        case .memory(let old, let new): .memory(from: new, to: old)
        case .host(let name, let old, let new): .host(name, from: new, to: old)
        case .interface(let name, let old, let new): .interface(name, from: new, to: old)
        case .queue(let queue, let exists): .queue(queue, exists: !exists)
        case .port(let port, let old, let new): .port(port, from: new, to: old)
        case .function(let function, let old, let new): .function(function, from: new, to: old)
        case .link(let source, let old, let new): .link(source, from: new, to: old)
        }
    }
}

extension Chain {
    package mutating func apply(_ change: Change) {
        switch change {
        case .memory(_, let new): memory = new
        case .host(let name, _, let new): hosts[name] = new
        case .interface(let name, _, let new): interfaces[name] = new
        case .queue(let queue, let exists):
            if exists { queues.insert(queue) } else { queues.remove(queue) }
        case .port(let port, _, let new):
            if new { ports.insert(port) } else { ports.remove(port) }
        case .function(let function, _, let new): functions[function] = new
        case .link(let source, _, let new): links[source] = new
        }
    }

    package func applying(_ steps: [Step]) -> Chain {
        var chain = self
        for step in steps { chain.apply(step.change) }
        return chain
    }
}
