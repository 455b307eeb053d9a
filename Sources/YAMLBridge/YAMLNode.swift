// SPDX-License-Identifier: Apache-2.0

/// A node of a YAML document with its place in the text. Aliases and `<<` merges are resolved, and
/// `${NAME}` is replaced: what is left is scalars, sequences and mappings.
///
/// What came through an alias or a merge has the place where it is written, not where it is used.
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
        var origin: ScalarOrigin

        package init(text: String, isPlain: Bool) {
            self.init(text: text, isPlain: isPlain, origin: ScalarOrigin(lead: 0))
        }

        init(text: String, isPlain: Bool, origin: ScalarOrigin) {
            self.text = text
            self.isPlain = isPlain
            self.origin = origin
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
    /// Quotes and brackets belong to it; an anchor, a tag and what follows the last character do not.
    package var range: SourceRange
    /// A fault of this node is reported already, for example a variable that is not set: its content means
    /// nothing, and deserves no second diagnostic.
    package var isFaulty: Bool

    package init(_ content: Content, range: SourceRange, isFaulty: Bool = false) {
        self.content = content
        self.range = range
        self.isFaulty = isFaulty
    }
}

extension YAMLNode {
    /// Where a byte of a scalar's text stands: exact for what is written as it is read, the start of the
    /// escape or of the `${NAME}` for what comes from one.
    /// - Parameter offset: in the UTF-8 of `Scalar.text`; its count gives the place behind the last character
    /// - Returns: the node's start where it is no scalar
    package func position(ofScalarAt offset: Int) -> SourcePosition {
        guard case .scalar(let scalar) = content else { return range.start }
        return scalar.origin.range(of: offset..<offset, in: scalar.text, at: range).start
    }

    /// Where some bytes of a scalar's text stand; see `position(ofScalarAt:)`.
    package func range(ofScalarBytes bytes: Range<Int>) -> SourceRange {
        guard case .scalar(let scalar) = content else { return range }
        return scalar.origin.range(of: bytes, in: scalar.text, at: range)
    }
}
