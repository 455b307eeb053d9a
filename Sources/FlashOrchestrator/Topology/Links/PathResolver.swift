// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

/// Looks up the names of link texts, one text after the other.
///
/// Interfaces stand at the beginning and at the end of a path. An output in brackets stands at the beginning only:
/// inside a path it would be open whether it holds for this path or for all of them; two links say it clearly.
struct PathResolver {
    let log: FindingLog
    private(set) var names: NameTable
    /// What faulty texts name.
    private(set) var mentions: Mentions

    init(names: NameTable, mentions: Mentions, log: FindingLog) {
        self.names = names
        self.mentions = mentions
        self.log = log
    }

    /// - Returns: nil where the text is faulty, which has been reported.
    mutating func resolve(_ node: YAMLNode, text: String) -> ResolvedPath? {
        let link = LinkText.parse(text)
        for fault in link.faults {
            log.add(.badLinkText, fault.message, at: node.range(ofScalars: fault.span), help: fault.help)
        }
        var isSound = link.faults.isEmpty
        if isSound, link.ends.count < 2 {
            log.add(.tooFewEnds, "a link needs two ends", at: node.range, help: "for example 'lan:0 -> firewall'")
            isSound = false
        }
        var ends: [(end: LinkText.End, meaning: NameTable.Meaning)] = []
        for (index, end) in link.ends.enumerated() {
            guard let end else { continue }
            guard let meaning = meaning(of: end, node: node) else {
                isSound = false
                continue
            }
            let place = Place(isFirst: index == 0, isLast: index == link.ends.count - 1)
            let fits: Bool
            switch meaning {
            case .interface(let interface): fits = check(end, interface: interface, place: place, node: node)
            case .function(let function): fits = check(end, function: function, place: place, node: node)
            }
            isSound = isSound && fits
            ends.append((end, meaning))
        }
        if isSound, ends.count == 2, case .interface = ends[0].meaning, case .interface = ends[1].meaning {
            log.add(
                .queueToQueue, "a link from queue to queue has no NF that carries packets", at: node.range,
                help: "put one between them, for example with 'program: forward'")
            isSound = false
        }
        guard isSound else {
            for end in ends { mentions.insert(end.meaning) }
            return nil
        }
        return path(ends, node: node)
    }

    private struct Place {
        var isFirst: Bool
        var isLast: Bool
    }

    private mutating func meaning(of end: LinkText.End, node: YAMLNode) -> NameTable.Meaning? {
        if let meaning = names[end.name] { return meaning }
        let nearest = names.nearest(to: end.name)
        log.add(
            .unknownName, "no interface and no NF \(quoted(end.name)) in this file",
            at: node.range(ofScalars: end.nameSpan), help: nearest.map { "did you mean '\($0)'?" })
        if let meaning = nearest.flatMap({ names[$0] }) { mentions.insert(meaning) }
        return nil
    }

    private func check(_ end: LinkText.End, interface index: Int, place: Place, node: YAMLNode) -> Bool {
        let declared = names.interfaces[index]
        switch end.selector {
        case .output:
            log.add(
                .outputOfInterface, "\(quoted(end.name)) is an interface: it has queues, not outputs",
                at: node.range(ofScalars: end.selectorSpan),
                help: "write '\(end.name):0', or '\(end.name)' for all queues")
            return false
        case .queue(let queue) where declared.hasQueues && !declared.interface.queues.contains(queue):
            log.add(
                .unknownQueue, "interface \(quoted(end.name)) has no queue \(queue)",
                at: node.range(ofScalars: end.span),
                help: "it has \(listed(declared.interface.queues.map(String.init)))")
            return false
        case .queue, nil: break
        }
        if !place.isFirst, !place.isLast {
            log.add(
                .interfaceInsidePath, "interface \(quoted(end.name)) stands inside a path",
                at: node.range(ofScalars: end.span), help: "a path ends at a queue: write two links")
            return false
        }
        return true
    }

    private func check(_ end: LinkText.End, function index: Int, place: Place, node: YAMLNode) -> Bool {
        let declared = names.functions[index]
        switch end.selector {
        case .queue(let queue):
            log.add(
                .queueOfFunction, "\(quoted(end.name)) is an NF: it has outputs, not queues",
                at: node.range(ofScalars: end.selectorSpan), help: "its output \(queue) is '\(end.name)[\(queue)]'")
            return false
        case .output(let output) where !place.isFirst:
            log.add(
                .outputInsidePath, "an output can only stand at the beginning of a link",
                at: node.range(ofScalars: end.span),
                help:
                    "write two links: end this one at '\(end.name)', and begin the other with '\(end.name)[\(output)]'")
            return false
        case .output(let output):
            guard let outputs = declared.outputs, names.output(output, of: index) == nil else { break }
            let nearest = Suggestion.nearest(to: output, in: outputs).map { "did you mean '\($0)'? " } ?? ""
            log.add(
                .unknownOutput, "NF \(quoted(end.name)) has no output \(quoted(output))",
                at: node.range(ofScalars: end.selectorSpan),
                help: outputs.isEmpty ? "it has none" : "\(nearest)it has \(listed(outputs))")
            return false
        case nil: break
        }
        if !place.isFirst, declared.program?.isSource == true {
            log.add(
                .sourceAsTarget, "NF \(quoted(end.name)) takes no packets: its program only makes them",
                at: node.range(ofScalars: end.span), help: "begin a link with it")
            return false
        }
        if !place.isLast, declared.outputs?.isEmpty == true {
            log.add(
                .noOutputs, "NF \(quoted(end.name)) sends no packets: its program has no outputs",
                at: node.range(ofScalars: end.span), help: "end the link there")
            return false
        }
        return true
    }

    private func path(_ ends: [(end: LinkText.End, meaning: NameTable.Meaning)], node: YAMLNode) -> ResolvedPath? {
        guard let first = ends.first else { return nil }
        let head: ResolvedPath.Head
        switch first.meaning {
        case .interface(let index):
            head = .queues(interface: index, queues: queues(first.end, interface: index))
        case .function(let index):
            if case .output(let text) = first.end.selector {
                head = .output(function: index, output: names.output(text, of: index))
            } else {
                head = .output(function: index, output: 0)
            }
        }
        var path = ResolvedPath(head: head, headSpan: first.end.span, stops: [], tail: nil, node: node)
        for (end, meaning) in ends.dropFirst() {
            switch meaning {
            case .function(let index):
                path.stops.append(.init(function: index, span: end.span))
            case .interface(let index):
                path.tail = .init(interface: index, queues: queues(end, interface: index))
            }
        }
        return path
    }

    private func queues(_ end: LinkText.End, interface: Int) -> [Int] {
        if case .queue(let queue) = end.selector { return [queue] }
        return names.interfaces[interface].interface.queues
    }
}

/// `a, b, c` of a list that may be long.
func listed(_ words: [String]) -> String {
    let limit = 12
    let shown = words.prefix(limit).joined(separator: ", ")
    return words.count > limit ? "\(shown) and \(words.count - limit) more" : shown
}
