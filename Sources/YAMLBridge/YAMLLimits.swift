// SPDX-License-Identifier: Apache-2.0

/// What a document may cost at most. Beyond each bound the document gets an error, never a crash or a long wait.
package struct YAMLLimits: Hashable, Sendable {
    /// Length of the text, in bytes.
    package var bytes: Int
    /// Collections inside collections.
    package var depth: Int
    /// Nodes that aliases and merges add to those that are written.
    package var expandedNodes: Int
    /// Bytes that variables add, over the whole document.
    package var substitutedBytes: Int
    /// Diagnostics; what is above is counted in a last one.
    package var diagnostics: Int

    package init(
        bytes: Int = 4 << 20, depth: Int = 64, expandedNodes: Int = 250_000, substitutedBytes: Int = 4 << 20,
        diagnostics: Int = 100
    ) {
        self.bytes = bytes
        self.depth = depth
        self.expandedNodes = expandedNodes
        self.substitutedBytes = substitutedBytes
        self.diagnostics = diagnostics
    }

    package static let standard = YAMLLimits()
}
