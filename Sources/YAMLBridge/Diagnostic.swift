// SPDX-License-Identifier: Apache-2.0

/// One fault, or one surprise, of a text, as data. `DiagnosticRenderer` turns it into prose.
package struct Diagnostic: Hashable, Sendable {
    package enum Severity: String, Hashable, Codable, Sendable {
        case error
        case warning
    }

    package var severity: Severity
    /// One sentence without a full stop, which names what was found and what was expected.
    package var message: String
    /// Where; nil for what concerns the text as a whole (its size, its encoding).
    package var range: SourceRange?
    /// What to write instead or do about it, for example `did you mean 'firewall'?`
    package var help: String?

    package init(_ severity: Severity, _ message: String, at range: SourceRange?, help: String? = nil) {
        self.severity = severity
        self.message = message
        self.range = range
        self.help = help
    }
}
