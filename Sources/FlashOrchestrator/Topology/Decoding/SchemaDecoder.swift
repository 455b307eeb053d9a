// SPDX-License-Identifier: Apache-2.0

package import YAMLBridge

/// Holds a node against a schema, reports everything that does not fit, and goes on.
package struct SchemaDecoder {
    package let log: FindingLog

    package init(log: FindingLog) {
        self.log = log
    }

    /// What messages call a value: `threads`, `cpus[1]`.
    package struct Label {
        package var key: String
        package var element: Int?
        /// Where the key stands, for what is missing below it; nil for the whole document.
        package var keyRange: SourceRange?

        package init(_ key: String, element: Int? = nil, keyRange: SourceRange? = nil) {
            self.key = key
            self.element = element
            self.keyRange = keyRange
        }

        package var text: String { quoted(element.map { "\(key)[\($0)]" } ?? key) }
    }

    package func decode(_ node: YAMLNode, as schema: ValueSchema, label: Label) -> DecodedValue {
        if node.isFaulty { return DecodedValue(.faulty, node: node) }
        guard let content = content(of: node, as: schema, label: label) else {
            log.add(
                .wrongType, "\(label.text) must be \(schema.expectation), found \(node.description(expecting: schema))",
                at: node.range,
                help: help(for: node, schema: schema))
            return DecodedValue(.faulty, node: node)
        }
        return DecodedValue(content, node: node)
    }

    /// nil: not of that type, to be reported by the caller.
    private func content(of node: YAMLNode, as schema: ValueSchema, label: Label) -> DecodedValue.Content? {
        switch (schema, node.content) {
        case (.scalarOrList(_, let list), .sequence):
            return content(of: node, as: list, label: label)
        case (.scalarOrList(let scalar, _), _):
            return content(of: node, as: scalar, label: label)
        case (.dependent, .mapping):
            return .dependent
        case (.boolean, .scalar(let scalar)):
            return scalar.boolean.map { .boolean($0) }
        case (.integer(let range), .scalar(let scalar)):
            return scalar.integer.flatMap { range.contains($0) ? .integer($0) : nil }
        case (.integerChoice(let values), .scalar(let scalar)):
            return scalar.integer.flatMap { values.contains($0) ? .integer($0) : nil }
        case (.word(let words), .scalar(let scalar)):
            return words.contains(scalar.text) ? .text(scalar.text) : nil
        case (.text(let rule), .scalar(let scalar)):
            return node.isNull ? nil : rule.canonical(scalar.text).map { .text($0) }
        case (.list(let element, let count, let isSet), .sequence(let nodes)):
            return list(nodes, of: element, count: count, isSet: isSet, node: node, label: label)
        case (.mapping(let mapping), .mapping(let entries)):
            return .mapping(fields(entries, of: mapping, node: node, label: label))
        case (.mapping(let mapping), _) where node.isNull:
            return .mapping(fields([], of: mapping, node: node, label: label))
        case (.named(let rule, let schema), .mapping(let entries)):
            return .mapping(named(entries, rule: rule, schema: schema))
        default:
            return nil
        }
    }

    private func list(
        _ nodes: [YAMLNode], of schema: ValueSchema, count: ClosedRange<Int>, isSet: Bool, node: YAMLNode, label: Label
    ) -> DecodedValue.Content {
        if !count.contains(nodes.count) {
            let bound =
                nodes.count < count.lowerBound ? "at least \(count.lowerBound)" : "at most \(count.upperBound)"
            let noun = bound.hasSuffix(" 1") ? "element" : "elements"
            log.add(
                .badElementCount, "\(label.text) must have \(bound) \(noun), found \(nodes.count)", at: node.range)
            return .faulty
        }
        let values = nodes.enumerated().map { index, node in
            decode(node, as: schema, label: Label(label.key, element: index, keyRange: label.keyRange))
        }
        guard isSet else { return .list(values) }
        var seen: Set<String> = []
        for value in values {
            guard let text = value.text ?? value.integer.map(String.init) else { continue }
            if !seen.insert(text).inserted {
                log.add(.duplicateElement, "\(label.text) holds \(text) twice", at: value.range)
            }
        }
        return .list(values)
    }

    private func fields(
        _ entries: [YAMLNode.Entry], of schema: MappingSchema, node: YAMLNode, label: Label
    ) -> [DecodedValue.Entry] {
        var result: [DecodedValue.Entry] = []
        for entry in entries {
            guard let field = schema.fields.first(where: { $0.key == entry.key }) else {
                if schema.allowsExtensions, entry.key.hasPrefix("x-") { continue }
                unknown(entry, schema: schema)
                continue
            }
            // A key with nothing behind it is one that was not given.
            if entry.value.isNull, !entry.value.isFaulty {
                if case .mapping = field.schema {} else { continue }
            }
            let value = decode(
                entry.value, as: field.schema, label: Label(entry.key, keyRange: entry.keyRange))
            result.append(DecodedValue.Entry(key: entry.key, keyRange: entry.keyRange, value: value))
        }
        for field in schema.fields where field.isRequired && !result.contains(where: { $0.key == field.key }) {
            let place = label.keyRange == nil ? "" : " in \(label.text)"
            log.add(
                .missingKey, "missing \(schema.noun) '\(field.key)'\(place)",
                at: label.keyRange ?? SourceRange(start: node.range.start, end: node.range.start),
                help: "'\(field.key)': \(field.summary)")
        }
        return result
    }

    private func unknown(_ entry: YAMLNode.Entry, schema: MappingSchema) {
        let keys = schema.fields.map(\.key)
        let suggestion = Suggestion.nearest(to: entry.key, in: keys).map { "did you mean '\($0)'? " } ?? ""
        let allowed =
            keys.isEmpty ? "no \(schema.noun)s are known here" : "allowed are " + keys.joined(separator: ", ")
        log.add(
            .unknownKey, "unknown \(schema.noun) \(quoted(entry.key))", at: entry.keyRange,
            help: suggestion + allowed)
    }

    private func named(
        _ entries: [YAMLNode.Entry], rule: TextRule, schema: ValueSchema
    ) -> [DecodedValue.Entry] {
        entries.map { entry in
            if rule.canonical(entry.key) == nil {
                log.add(
                    .badName, "\(quoted(entry.key)) must be \(rule.expectation)", at: entry.keyRange)
            }
            let value = decode(entry.value, as: schema, label: Label(entry.key, keyRange: entry.keyRange))
            return DecodedValue.Entry(key: entry.key, keyRange: entry.keyRange, value: value)
        }
    }

    private func help(for node: YAMLNode, schema: ValueSchema) -> String? {
        guard case .scalar(let scalar) = node.content else { return nil }
        switch schema {
        case .word(let words):
            return Suggestion.nearest(to: scalar.text, in: words).map { "did you mean '\($0)'?" }
        case .integer, .integerChoice, .boolean:
            let unquoted = YAMLNode.Scalar(text: scalar.text, isPlain: true)
            let isMeant = unquoted.integer != nil || unquoted.boolean != nil
            return !scalar.isPlain && isMeant ? "write it without quotes" : nil
        default:
            return nil
        }
    }
}
