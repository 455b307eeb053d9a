// SPDX-License-Identifier: Apache-2.0

/// A collection whose end has not come yet.
struct CollectionFrame {
    let isMapping: Bool
    /// Whether it ends with a bracket; else it ends with its last node.
    let hasBrackets: Bool
    let start: SourcePosition
    let anchor: String?
    /// Where its start event stands, which makes it different from every other collection.
    let eventStart: Int
    /// Behind the last node so far.
    private(set) var end: SourcePosition
    /// Nodes in it with all that came through aliases, and itself.
    private(set) var size = 1

    private enum Key {
        case none
        case name(String, SourceRange)
        case merge(SourceRange)
        /// Cannot be used, and is reported.
        case faulty
    }

    private struct Merge {
        /// Entries before it.
        var index: Int
        var keyRange: SourceRange
        var value: YAMLNode
        /// Where the value, or the alias to it, stands.
        var range: SourceRange
    }

    private var items: [YAMLNode] = []
    private var entries: [YAMLNode.Entry] = []
    private var merges: [Merge] = []
    private var key = Key.none
    /// Entry of each key; filled once there are more keys than are quickly compared.
    private var index: [String: Int] = [:]

    private static let quicklyCompared = 8

    init(isMapping: Bool, hasBrackets: Bool, start: SourcePosition, anchor: String?, eventStart: Int) {
        self.isMapping = isMapping
        self.hasBrackets = hasBrackets
        self.start = start
        self.anchor = anchor
        self.eventStart = eventStart
        end = start
    }

    var expectsKey: Bool {
        guard isMapping, case .none = key else { return false }
        return true
    }

    mutating func add(
        _ node: YAMLNode, writtenAt range: SourceRange, size: Int, isMerge: Bool,
        _ diagnostics: inout DiagnosticList, work: inout Int
    ) {
        self.size += size
        end = max(end, range.end)
        guard isMapping else {
            items.append(node)
            return
        }
        switch key {
        case .none:
            key = isMerge ? .merge(range) : makeKey(node, range, &diagnostics, work: &work)
        case .name(let name, let keyRange):
            entries.append(YAMLNode.Entry(key: name, keyRange: keyRange, value: node))
            key = .none
            if !index.isEmpty { index[name] = entries.count - 1 }
        case .merge(let keyRange):
            if let first = merges.first {
                diagnostics.error(
                    "duplicate key '<<'", at: keyRange,
                    help: "the first one is in line \(first.keyRange.start.line); merge several with <<: [*a, *b]"
                )
            } else {
                merges.append(Merge(index: entries.count, keyRange: keyRange, value: node, range: range))
            }
            key = .none
        case .faulty:
            key = .none
        }
    }

    private mutating func makeKey(
        _ node: YAMLNode, _ range: SourceRange, _ diagnostics: inout DiagnosticList, work: inout Int
    ) -> Key {
        guard !node.isFaulty else { return .faulty }
        guard case .scalar(let scalar) = node.content else {
            let kind = if case .sequence = node.content { "list" } else { "mapping" }
            diagnostics.error("a key is a text, not a \(kind)", at: range)
            return .faulty
        }
        guard !scalar.text.isEmpty else {
            diagnostics.error("this entry has no key", at: range)
            return .faulty
        }
        if let first = entry(named: scalar.text, work: &work) {
            diagnostics.error(
                "duplicate key '\(scalar.text)'", at: range,
                help: "the first one is in line \(first.keyRange.start.line)"
            )
            return .faulty
        }
        return .name(scalar.text, range)
    }

    private mutating func entry(named name: String, work: inout Int) -> YAMLNode.Entry? {
        if entries.count <= Self.quicklyCompared {
            work += entries.count
            return entries.first { $0.key == name }
        }
        if index.isEmpty {
            work += entries.count
            for (position, entry) in entries.enumerated() { index[entry.key] = position }
        }
        work += 1
        return index[name].map { entries[$0] }
    }

    // MARK: The end

    mutating func finish(_ diagnostics: inout DiagnosticList, work: inout Int) -> YAMLNode.Content {
        guard isMapping else { return .sequence(items) }
        guard let merge = merges.first else { return .mapping(entries) }
        var seen = Set(entries.map(\.key))
        var added: [YAMLNode.Entry] = []
        for mapping in mappings(of: merge, &diagnostics) {
            work += mapping.count
            added += mapping.filter { seen.insert($0.key).inserted }
        }
        entries.insert(contentsOf: added, at: merge.index)
        return .mapping(entries)
    }

    /// What is merged, the first wins over the next.
    private func mappings(of merge: Merge, _ diagnostics: inout DiagnosticList) -> [[YAMLNode.Entry]] {
        guard !merge.value.isFaulty else { return [] }
        switch merge.value.content {
        case .mapping(let entries): return [entries]
        case .sequence(let nodes):
            return nodes.compactMap { node in
                if case .mapping(let entries) = node.content { return entries }
                if !node.isFaulty {
                    diagnostics.error("'<<' merges mappings, and this is none", at: node.range)
                }
                return nil
            }
        case .scalar:
            diagnostics.error(
                "'<<' merges a mapping or a list of mappings, and this is none", at: merge.range,
                help: "write <<: *name, where an earlier mapping has the anchor &name"
            )
            return []
        }
    }
}
