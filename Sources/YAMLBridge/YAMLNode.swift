// SPDX-License-Identifier: Apache-2.0

/// A node of a YAML document with its place in the text. Aliases and `<<` merges are resolved, and
/// `${NAME}` is replaced: what is left is scalars, sequences and mappings.
package struct YAMLNode: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case scalar(Scalar)
        case sequence([YAMLNode])
        case mapping([Entry])
    }

    /// A scalar as written. `isPlain` tells `5` from `"5"`: only plain scalars are numbers, booleans or null.
    package struct Scalar: Hashable, Sendable {
        package var text: String
        package var isPlain: Bool

        package init(text: String, isPlain: Bool) {
            self.text = text
            self.isPlain = isPlain
        }
    }

    /// A key and its value, in the order of the text.
    package struct Entry: Hashable, Sendable {
        package var key: String
        package var keyRange: SourceRange
        package var value: YAMLNode

        package init(key: String, keyRange: SourceRange, value: YAMLNode) {
            self.key = key
            self.keyRange = keyRange
            self.value = value
        }
    }

    package var content: Content
    package var range: SourceRange

    package init(_ content: Content, range: SourceRange) {
        self.content = content
        self.range = range
    }
}
