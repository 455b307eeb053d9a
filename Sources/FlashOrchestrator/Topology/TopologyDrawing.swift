// SPDX-License-Identifier: Apache-2.0

internal import FlashRuntime

/// A topology as text for programs that draw graphs: a node an interface and an NF, an arrow a way that packets take.
/// Arrows say queues (`:0,1`) and outputs (`[deny]`) as the file does.
package struct TopologyDrawing: Sendable {
    struct Arrow: Hashable {
        var from: String
        var to: String
        /// `[deny]`; nil for the only output.
        var output: String?
    }

    private let topology: Topology
    /// In the order in which links come first.
    private let arrows: [Arrow]
    /// Queues at the interface's side of an arrow.
    private let queues: [Arrow: Set<Int>]

    /// - Parameter programs: tell the outputs' names.
    package init(_ topology: Topology, programs: ProgramSet) {
        self.topology = topology
        var outputs: [String: [String]] = [:]
        for function in topology.functions {
            outputs[function.name] =
                programs[function.program]?.outputNames(configuration: function.configuration) ?? []
        }
        var arrows: [Arrow] = []
        var queues: [Arrow: Set<Int>] = [:]
        for link in topology.links {
            let (arrow, numbers) = Self.arrow(link, outputs: outputs)
            if queues[arrow] == nil { arrows.append(arrow) }
            queues[arrow, default: []].formUnion(numbers)
        }
        self.arrows = arrows
        self.queues = queues
    }

    private static func arrow(_ link: Link, outputs: [String: [String]]) -> (Arrow, queues: [Int]) {
        var arrow = Arrow(from: "", to: "")
        var queues: [Int] = []
        if let function = link.source.function {
            let names = outputs[function] ?? []
            arrow.from = function
            if names.count > 1, names.indices.contains(link.source.output) {
                arrow.output = "[\(names[link.source.output])]"
            }
        } else if case .queue(let queue) = link.source.head {
            arrow.from = queue.interface
            queues = [queue.queue]
        }
        switch link.target {
        case .function(let name): arrow.to = name
        case .queues(let interface, let numbers):
            arrow.to = interface
            queues += numbers
        }
        return (arrow, queues)
    }

    /// A Mermaid flowchart; each line ends with a line break.
    package var mermaid: String {
        var lines = ["flowchart LR"]
        let identifiers = identifiers
        for interface in topology.interfaces {
            lines.append(
                "    \(identifiers[interface.name] ?? "")([\"\(interface.name)<br>\(escaped(interface.device))\"])")
        }
        for function in topology.functions {
            lines.append("    \(identifiers[function.name] ?? "")[\"\(subtitled(function, break: "<br>"))\"]")
        }
        for arrow in arrows {
            let label = label(arrow).map { "|\"\(escaped($0))\"|" } ?? ""
            lines.append("    \(identifiers[arrow.from] ?? "") -->\(label) \(identifiers[arrow.to] ?? "")")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A Graphviz digraph; each line ends with a line break.
    package var dot: String {
        var lines = ["digraph \"\(topology.name)\" {", "    rankdir=LR;", "    node [shape=box];"]
        let identifiers = identifiers
        for interface in topology.interfaces {
            lines.append(
                "    \(identifiers[interface.name] ?? "") [label=\"\(interface.name)\\n\(escapedForDOT(interface.device))\", "
                    + "shape=oval];")
        }
        for function in topology.functions {
            lines.append("    \(identifiers[function.name] ?? "") [label=\"\(subtitled(function, break: "\\n"))\"];")
        }
        for arrow in arrows {
            let label = label(arrow).map { " [label=\"\(escapedForDOT($0))\"]" } ?? ""
            lines.append("    \(identifiers[arrow.from] ?? "") -> \(identifiers[arrow.to] ?? "")\(label);")
        }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    /// Names may be words of the drawing language (`end`, `node`) and hold `-` and `.`: nodes get numbers.
    private var identifiers: [String: String] {
        var identifiers: [String: String] = [:]
        for (index, interface) in topology.interfaces.enumerated() { identifiers[interface.name] = "i\(index)" }
        for (index, function) in topology.functions.enumerated() { identifiers[function.name] = "n\(index)" }
        return identifiers
    }

    private func subtitled(_ function: Function, break lineBreak: String) -> String {
        let program = function.program == function.name ? "" : lineBreak + function.program
        let threads = function.threads == 1 ? "" : "\(lineBreak)\(function.threads) threads"
        return function.name + program + threads
    }

    private func label(_ arrow: Arrow) -> String? {
        let numbers = (queues[arrow] ?? []).sorted().map(String.init).joined(separator: ",")
        let parts = [arrow.output, numbers.isEmpty ? nil : ":" + numbers].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }

    /// Mermaid has entities, and no escapes.
    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;")
    }

    private func escapedForDOT(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
