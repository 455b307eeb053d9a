// SPDX-License-Identifier: Apache-2.0

/// What a value of the file has to look like, as data: the decoder's checks and the JSON Schema derive from it.
package indirect enum ValueSchema: Sendable {
    case boolean
    case integer(ClosedRange<Int>)
    case integerChoice([Int])
    case word([String])
    case text(TextRule)
    case list(of: ValueSchema, count: ClosedRange<Int>, isSet: Bool)
    case mapping(MappingSchema)
    /// A mapping whose keys are names that the user chooses.
    case named(TextRule, ValueSchema)
    /// The list where a list was written, else the scalar.
    case scalarOrList(scalar: ValueSchema, list: ValueSchema)
    /// What it has to look like is told by another value (`config`, by the program).
    case dependent

    /// Completes "must be …".
    package var expectation: String {
        switch self {
        case .boolean: return "true or false"
        case .integer(let range) where range.lowerBound == range.upperBound: return "\(range.lowerBound)"
        case .integer(let range): return "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .integerChoice(let values): return Self.alternatives(values.map(String.init))
        case .word(let words): return Self.alternatives(words)
        case .text(let rule): return rule.expectation
        case .list: return "a list"
        case .mapping, .named, .dependent: return "a mapping"
        case .scalarOrList(let scalar, let list): return "\(scalar.expectation) or \(list.expectation)"
        }
    }

    package var isText: Bool {
        switch self {
        case .word, .text: return true
        default: return false
        }
    }

    private static func alternatives(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}

/// A mapping with known keys.
package struct MappingSchema: Sendable {
    /// What a key is called in messages: `key` or `parameter`.
    package var noun: String
    package var fields: [FieldSchema]
    /// Whether keys that begin with `x-` are passed over, whatever they hold: a place for anchors.
    package var allowsExtensions: Bool
    /// Where the JSON Schema says more of it than stands here: the name of its definition there.
    package var definition: String?

    package init(
        noun: String = "key", _ fields: [FieldSchema], allowsExtensions: Bool = false, definition: String? = nil
    ) {
        self.definition = definition
        self.noun = noun
        self.fields = fields
        self.allowsExtensions = allowsExtensions
    }
}

package struct FieldSchema: Sendable {
    package var key: String
    /// One sentence without a full stop.
    package var summary: String
    package var schema: ValueSchema
    package var isRequired: Bool

    package init(_ key: String, _ schema: ValueSchema, isRequired: Bool = false, _ summary: String) {
        self.key = key
        self.summary = summary
        self.schema = schema
        self.isRequired = isRequired
    }
}
