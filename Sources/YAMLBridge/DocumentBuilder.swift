// SPDX-License-Identifier: Apache-2.0

/// Makes nodes out of libyaml's events. Keeps its own stack: the depth of a text is not the depth of the program.
struct DocumentBuilder {
    var map: TextMap
    let limits: YAMLLimits
    var expander: VariableExpander
    var diagnostics: DiagnosticList
    /// See `YAMLDocument.Result`.
    var work: Int

    private let usesDollars: Bool
    private var frames: [CollectionFrame] = []
    private var anchors: [String: Anchor] = [:]
    private var root: YAMLNode?
    private var documents = 0
    /// Nodes that came through aliases.
    private var expanded = 0
    private var isBomb = false

    private enum Anchor {
        /// Its node is not at its end: an alias to it would hold itself. `start` tells redefinitions apart.
        case open(start: Int)
        case closed(YAMLNode, size: Int)
    }

    /// Why reading ends before the end of the text.
    private struct Stop: Error {}

    init(map: TextMap, limits: YAMLLimits, expander: VariableExpander, work: Int) {
        self.map = map
        self.limits = limits
        self.expander = expander
        self.work = work
        diagnostics = DiagnosticList(limit: limits.diagnostics)
        usesDollars = map.bytes.contains(VariableShield.dollar)
    }

    var result: YAMLDocument.Result {
        YAMLDocument.Result(
            root: root, diagnostics: diagnostics.all, variableNames: expander.names, work: work + map.work
        )
    }

    mutating func build(from text: UnsafeBufferPointer<UInt8>) {
        guard var reader = EventReader(text) else {
            diagnostics.error("out of memory while parsing", at: nil)
            return
        }
        do {
            while true {
                let event = try reader.next()
                if case .streamEnd = event.kind { break }
                try handle(event)
            }
            if documents == 0 { reportEmpty() }
            if isBomb { root = nil }
        } catch let problem as SyntaxProblem {
            diagnostics.add(problem.diagnostic(&map))
            root = nil
        } catch {
            // What stands before a second document is whole.
            root = documents > 1 ? root : nil
        }
    }

    private mutating func reportEmpty() {
        let start = SourcePosition(line: 1, column: 1)
        diagnostics.error("the document is empty", at: SourceRange(start: start, end: start))
        root = nil
    }

    private mutating func handle(_ event: Event) throws(Stop) {
        switch event.kind {
        case .streamStart, .streamEnd, .documentEnd: break
        case .documentStart: try startDocument(event)
        case .alias(let name): alias(name, event)
        case .scalar(let text, let style): scalar(text, style, event)
        case .sequenceStart: try startCollection(event, isMapping: false)
        case .mappingStart: try startCollection(event, isMapping: true)
        case .sequenceEnd, .mappingEnd: endCollection(event)
        }
    }

    private mutating func startDocument(_ event: Event) throws(Stop) {
        documents += 1
        guard documents > 1 else { return }
        let start = map.position(ofScalar: event.start)
        let end = SourcePosition(line: start.line, column: start.column + 3)
        diagnostics.error(
            "a second document starts here", at: SourceRange(start: start, end: end),
            help: "a file holds one document: put the second one into a file of its own"
        )
        throw Stop()
    }

    // MARK: Nodes

    private mutating func scalar(_ written: String, _ style: Event.Style, _ event: Event) {
        let properties = NodeProperties(event, &map)
        let isMissing = style == .plain && written.isEmpty
        var end = map.byteOffset(ofScalar: event.end)
        let start = isMissing ? end : min(properties.contentStart, end)
        if style == .block { end = endOfBlock(start..<end) }
        let range = range(of: start..<end, event)
        let isPlain = plainness(of: event.tag, style, properties)
        if isMissing, documents == 1, frames.isEmpty, event.anchor == nil, event.tag == nil {
            reportEmpty()
            return
        }
        let isKey = !frames.isEmpty && frames[frames.count - 1].expectsKey
        let builder = ScalarBuilder(written: written, style: style, source: start..<end, isKey: isKey)
        let (text, origin, isFaulty) = builder.build(in: &self, usesDollars: usesDollars)
        let scalar = YAMLNode.Scalar(text: text, isPlain: isPlain, origin: origin)
        let node = YAMLNode(.scalar(scalar), range: range, isFaulty: isFaulty)
        if let anchor = event.anchor { anchors[anchor] = .closed(node, size: 1) }
        place(node, writtenAt: range, size: 1, isMerge: written == "<<" && style == .plain && isKey)
    }

    /// Of the bytes of a scalar; most of them are all of their event, whose position is found without a search.
    private mutating func range(of bytes: Range<Int>, _ event: Event) -> SourceRange {
        guard event.anchor == nil, event.tag == nil, case .scalar(let text, let style) = event.kind, style != .block,
            !text.isEmpty
        else { return map.range(ofBytes: bytes) }
        let start = map.position(ofScalar: event.start)
        return SourceRange(start: start, end: map.position(ofScalar: event.end))
    }

    /// Behind the last character of a block scalar that is neither blank nor a line break.
    private func endOfBlock(_ range: Range<Int>) -> Int {
        let blanks = Array(" \t\r\n".utf8)
        let last = map.bytes[range].lastIndex { !blanks.contains($0) }
        return last.map { $0 + 1 } ?? range.lowerBound
    }

    private mutating func plainness(of tag: String?, _ style: Event.Style, _ properties: NodeProperties) -> Bool {
        guard let tag else { return style == .plain }
        switch tag {
        case "!", "tag:yaml.org,2002:str":
            return false
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:null",
            "tag:yaml.org,2002:merge":
            return true
        default:
            reportTag(properties)
            return style == .plain
        }
    }

    private mutating func reportTag(_ properties: NodeProperties) {
        guard let tag = properties.tag else { return }
        diagnostics.error(
            "unknown tag '\(String(decoding: map.bytes[tag], as: UTF8.self))'", at: map.range(ofBytes: tag),
            help: "remove it; known are !!str, !!int, !!float, !!bool, !!null, !!seq and !!map"
        )
    }

    private mutating func alias(_ name: String, _ event: Event) {
        let start = map.position(ofScalar: event.start)
        let range = SourceRange(start: start, end: map.position(ofScalar: event.end))
        var node = YAMLNode(.scalar(YAMLNode.Scalar(text: "", isPlain: true)), range: range, isFaulty: true)
        var size = 1
        switch anchors[name] {
        case .closed(let target, let targetSize):
            if expanded + targetSize <= limits.expandedNodes {
                expanded += targetSize
                (node, size) = (target, targetSize)
            } else if !isBomb {
                isBomb = true
                diagnostics.error(
                    "with '*\(name)' the aliases stand for more than \(limits.expandedNodes) nodes", at: range,
                    help: "use fewer aliases to what holds aliases itself"
                )
            }
        case .open:
            diagnostics.error("'*\(name)' is inside the node that it stands for", at: range)
        case nil:
            let names = diagnostics.isFull ? [] : anchors.keys.sorted()
            let help = Suggestion.nearest(to: name, in: names).map { "did you mean '*\($0)'?" }
            diagnostics.error("no anchor '&\(name)' stands before this alias", at: range, help: help)
        }
        place(node, writtenAt: range, size: size)
    }

    // MARK: Collections

    private mutating func startCollection(_ event: Event, isMapping: Bool) throws(Stop) {
        let properties = NodeProperties(event, &map)
        let start = map.position(ofByte: properties.contentStart)
        guard frames.count < limits.depth else {
            let end = SourcePosition(line: start.line, column: start.column + 1)
            diagnostics.error(
                "more than \(limits.depth) collections inside each other", at: SourceRange(start: start, end: end)
            )
            throw Stop()
        }
        let standard = isMapping ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq"
        if let tag = event.tag, tag != standard, tag != "!" { reportTag(properties) }
        let first = properties.contentStart < map.bytes.count ? map.bytes[properties.contentStart] : 0
        frames.append(
            CollectionFrame(
                isMapping: isMapping, hasBrackets: first == UInt8(ascii: isMapping ? "{" : "["), start: start,
                anchor: event.anchor, eventStart: event.start
            )
        )
        if let anchor = event.anchor { anchors[anchor] = .open(start: event.start) }
    }

    private mutating func endCollection(_ event: Event) {
        guard var frame = frames.popLast() else { return }
        let end = frame.hasBrackets ? map.position(ofScalar: event.end) : frame.end
        let range = SourceRange(start: frame.start, end: end)
        let content = frame.finish(&diagnostics, work: &work)
        let node = YAMLNode(content, range: range)
        if let anchor = frame.anchor, case .open(frame.eventStart) = anchors[anchor] {
            anchors[anchor] = .closed(node, size: frame.size)
        }
        place(node, writtenAt: range, size: frame.size)
    }

    private mutating func place(_ node: YAMLNode, writtenAt range: SourceRange, size: Int, isMerge: Bool = false) {
        guard !frames.isEmpty else {
            root = node
            return
        }
        frames[frames.count - 1].add(
            node, writtenAt: range, size: size, isMerge: isMerge, &diagnostics, work: &work
        )
    }
}
