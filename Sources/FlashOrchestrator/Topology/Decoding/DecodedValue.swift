// SPDX-License-Identifier: Apache-2.0

package import YAMLBridge

/// A value that has the shape its schema asks for, or is `faulty`, which has been reported.
package struct DecodedValue: Sendable {
    package indirect enum Content: Sendable {
        case boolean(Bool)
        case integer(Int)
        case text(String)
        case list([DecodedValue])
        case mapping([Entry])
        /// Still to be decoded, with knowledge from elsewhere.
        case dependent
        case faulty
    }

    package struct Entry: Sendable {
        package var key: String
        package var keyRange: SourceRange
        package var value: DecodedValue
    }

    package var content: Content
    package var node: YAMLNode

    package init(_ content: Content, node: YAMLNode) {
        self.content = content
        self.node = node
    }

    package var range: SourceRange { node.range }

    package var boolean: Bool? {
        if case .boolean(let value) = content { return value }
        return nil
    }

    package var integer: Int? {
        if case .integer(let value) = content { return value }
        return nil
    }

    package var text: String? {
        if case .text(let value) = content { return value }
        return nil
    }

    package var list: [DecodedValue]? {
        if case .list(let values) = content { return values }
        return nil
    }

    /// No entries where it is no mapping.
    package var entries: [Entry] {
        if case .mapping(let entries) = content { return entries }
        return []
    }

    package var isFaulty: Bool {
        if case .faulty = content { return true }
        return false
    }

    /// Mappings with known keys are short: a search beats a dictionary.
    package subscript(key: String) -> DecodedValue? {
        entries.first { $0.key == key }?.value
    }

    package func choice<Choice: RawRepresentable<String>>(_ key: String, default fallback: Choice) -> Choice {
        self[key]?.text.flatMap(Choice.init(rawValue:)) ?? fallback
    }
}
