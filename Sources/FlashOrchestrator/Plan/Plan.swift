// SPDX-License-Identifier: Apache-2.0

/// The ordered steps from what is to what shall be.
package struct Plan: Codable, Hashable, Sendable {
    package var steps: [Step]
    /// What is not touched, as it is printed.
    package var stays: [String]
    /// What stands when all steps are done.
    package var result: Chain
    /// What carries the packets, or carried them where nothing is left.
    package var datapath: DatapathKind
    /// Why `auto` is `shared` although there is a FLASH kernel, as a clause.
    package var fallback: String?
    /// Names of outputs, for printing.
    package var names: LinkNames

    package init(
        steps: [Step] = [], stays: [String] = [], result: Chain = Chain(), datapath: DatapathKind = .shared,
        fallback: String? = nil, names: LinkNames = LinkNames()
    ) {
        self.steps = steps
        self.stays = stays
        self.result = result
        self.datapath = datapath
        self.fallback = fallback
        self.names = names
    }

    package var summaries: [StepSummary] {
        steps.enumerated().map { summary(of: $1, number: $0 + 1) }
    }

    package func summary(of step: Step, number: Int) -> StepSummary {
        StepSummary(number: number, kind: step.kind, subject: names.subject(of: step.change), reason: step.reason)
    }
}

/// How links and other things are printed.
package struct LinkNames: Codable, Hashable, Sendable {
    /// Names of the outputs by NF.
    package var outputs: [String: [String]]

    package init(outputs: [String: [String]] = [:]) {
        self.outputs = outputs
    }

    package init(_ chains: Chain...) {
        outputs = [:]
        for chain in chains {
            for (function, plan) in chain.functions { outputs[function.name] = plan.outputs }
        }
    }

    /// `lan:0`, `firewall`, `firewall[deny]`
    package func text(of source: LinkSource) -> String {
        switch source.head {
        case .queue(let queue) where source.function == nil: return queue.description
        case .output(let name, let index) where source.isFirst: return text(of: name, output: index)
        case .queue, .output: return source.function ?? ""
        }
    }

    /// The head of the link's path: `lan:0`, `firewall[deny]`.
    package func path(of source: LinkSource) -> String {
        switch source.head {
        case .queue(let queue): queue.description
        case .output(let name, let index): text(of: name, output: index)
        }
    }

    private func text(of function: String, output: Int) -> String {
        if output == 0 { return function }
        let names = outputs[function] ?? []
        return "\(function)[\(output < names.count ? names[output] : String(output))]"
    }

    /// `count`, `wan:0`, `wan:[0, 1]`
    package func text(of target: LinkTarget) -> String {
        switch target {
        case .function(let name): name
        case .queues(let interface, let queues) where queues.count == 1: "\(interface):\(queues[0])"
        case .queues(let interface, let queues): "\(interface):\(queues)"
        }
    }

    package func subject(of link: LinkSource, _ target: LinkTarget?) -> String {
        var text = "link \(text(of: link))"
        if let target { text += " -> \(self.text(of: target))" }
        if !link.isFirst { text += " (path \(path(of: link)))" }
        return text
    }

    /// `port firewall/0 (path lan:0)`
    package func subject(of port: PortKey) -> String {
        let head = path(of: LinkSource(head: port.head))
        return "port \(port.thread) (path \(head)\(port.visit == 0 ? "" : ", visit \(port.visit + 1)"))"
    }

    package func subject(of change: Change) -> String {
        switch change {
        case .memory: "umem"
        case .host(let name, _, _): "host \(name)"
        case .interface(let name, _, _): "interface \(name)"
        case .queue(let queue, _): "queue \(queue)"
        case .port(let port, _, _): subject(of: port)
        case .function(let function, _, _): "nf \(function.name)"
        case .link(let source, let old, let new): subject(of: source, (new ?? old)?.target)
        }
    }
}
