// SPDX-License-Identifier: Apache-2.0

internal import FlashOrchestrator
internal import YAMLBridge

/// A topology file of any bytes is decoded or has an error, and every place that is named lies in the text.
enum TopologyInput {
    private static let variables = ["NIC": "eth0", "EMPTY": "", "N": "2", "ODD": "[${NIC}: *a\n"]
    private static let machine = MachineFacts(cpus: [0, 1], devices: ["eth0": MachineFacts.Device(receiveQueues: 2)])

    static func run(_ bytes: [UInt8]) {
        let outline = TextOutline(bytes)
        let (root, faults) = YAMLDocument.parse(bytes, variables: variables)
        precondition(root != nil || faults.contains { $0.severity == .error })
        root.map { check($0, outline) }
        precondition(YAMLDocument.variableNames(in: bytes).allSatisfy { !$0.isEmpty })

        let (topology, diagnostics) = TopologyFile.decode(
            text: bytes, file: "fuzz.yaml", variables: variables, machine: machine)
        precondition((topology == nil) == diagnostics.contains { $0.severity == .error })
        topology.map(check)
        for diagnostic in diagnostics { diagnostic.range.map(outline.check) }
        let text = DiagnosticRenderer(file: "fuzz.yaml", text: bytes, colour: false, width: 60).render(diagnostics)
        precondition(text.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\t" || $0.value >= 0x20 })
    }

    /// What everybody behind the decoder relies on: names are unique and resolve, an output leads to one place.
    private static func check(_ topology: Topology) {
        let queues = Dictionary(uniqueKeysWithValues: topology.interfaces.map { ($0.name, Set($0.queues)) })
        let functions = Set(topology.functions.map(\.name))
        precondition(functions.count == topology.functions.count && functions.isDisjoint(with: queues.keys))
        precondition(Set(topology.links.map(\.source)).count == topology.links.count)
        for link in topology.links {
            precondition(link.source.function.map(functions.contains) ?? true)
            switch link.target {
            case .function(let name): precondition(functions.contains(name))
            case .queues(let interface, let used):
                precondition(!used.isEmpty && queues[interface]?.isSuperset(of: used) == true)
            }
        }
    }

    private static func check(_ node: YAMLNode, _ outline: TextOutline) {
        outline.check(node.range)
        switch node.content {
        case .scalar(let scalar):
            let count = scalar.text.utf8.count
            for offset in Set([0, count / 2, max(count - 1, 0), count]) {
                outline.check(node.range(ofScalarBytes: offset..<count))
                outline.check(node.range(ofScalarBytes: 0..<offset))
            }
        case .sequence(let items):
            for item in items.prefix(64) { check(item, outline) }
        case .mapping(let entries):
            for entry in entries.prefix(64) {
                outline.check(entry.keyRange)
                check(entry.value, outline)
            }
        }
    }
}

/// How long the lines of a text are.
private struct TextOutline {
    /// Scalars of each line, with its break.
    private var lengths = [0]

    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self).unicodeScalars
        var previous: Unicode.Scalar?
        for scalar in text.first == "\u{FEFF}" ? text.dropFirst() : text[...] {
            if previous == "\n" || previous == "\r" && scalar != "\n" { lengths.append(0) }
            lengths[lengths.count - 1] += 1
            previous = scalar
        }
        if previous == "\n" || previous == "\r" { lengths.append(0) }
    }

    func check(_ range: SourceRange) {
        precondition(range.start <= range.end)
        check(range.start)
        check(range.end)
    }

    private func check(_ position: SourcePosition) {
        precondition(position.line >= 1 && position.line <= lengths.count)
        precondition(position.column >= 1 && position.column <= lengths[position.line - 1] + 1)
    }
}
