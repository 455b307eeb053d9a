// SPDX-License-Identifier: Apache-2.0

import YAMLBridge

/// A text parsed, in forms that are easy to compare.
struct Parsed {
    let text: String
    let root: YAMLNode?
    let diagnostics: [Diagnostic]

    init(_ text: String, _ variables: [String: String] = [:], limits: YAMLLimits = .standard) {
        self.text = text
        (root, diagnostics) = YAMLDocument.parse(Array(text.utf8), variables: variables, limits: limits)
    }

    /// `{key: value, list: [a, b]}`; scalars that are not plain in quotes.
    var shape: String { root.map(Self.shape) ?? "nil" }

    /// `line:column-line:column message`, one each.
    var faults: [String] {
        diagnostics.map { diagnostic in
            guard let range = diagnostic.range else { return diagnostic.message }
            return "\(range.text) \(diagnostic.message)"
        }
    }

    var helps: [String?] { diagnostics.map(\.help) }

    static func shape(_ node: YAMLNode) -> String {
        switch node.content {
        case .scalar(let scalar): scalar.isPlain ? scalar.text : "'\(scalar.text)'"
        case .sequence(let items): "[\(items.map(shape).joined(separator: ", "))]"
        case .mapping(let entries): "{\(entries.map { "\($0.key): \(shape($0.value))" }.joined(separator: ", "))}"
        }
    }

    /// The node below keys and indices.
    subscript(_ path: PathStep...) -> YAMLNode? {
        path.reduce(root) { node, step in
            switch (node?.content, step) {
            case (.mapping(let entries), .key(let key)): entries.first { $0.key == key }?.value
            case (.sequence(let items), .index(let index)) where items.indices.contains(index): items[index]
            default: nil
            }
        }
    }

    /// Entry of a mapping, for its key's range.
    func entry(_ key: String) -> YAMLNode.Entry? {
        guard case .mapping(let entries) = root?.content else { return nil }
        return entries.first { $0.key == key }
    }
}

enum PathStep: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case key(String)
    case index(Int)

    init(stringLiteral value: String) { self = .key(value) }
    init(integerLiteral value: Int) { self = .index(value) }
}

extension SourceRange {
    var text: String { "\(start.text)-\(end.text)" }

    /// What stands there, by counting scalars: independent of the code under test.
    func slice(of text: String) -> String {
        var position = SourcePosition(line: 1, column: 1)
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if position >= start, position < end { result.append(scalar) }
            if scalar == "\n" {
                position = SourcePosition(line: position.line + 1, column: 1)
            } else {
                position.column += 1
            }
        }
        return String(result)
    }
}

extension SourcePosition {
    var text: String { "\(line):\(column)" }
}
