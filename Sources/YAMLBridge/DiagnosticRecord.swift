// SPDX-License-Identifier: Apache-2.0

/// A diagnostic as `-o json` prints it. The names are part of the documented shape.
package struct DiagnosticRecord: Hashable, Codable, Sendable {
    package var file: String
    /// From 1; absent where the fault has no place. `endColumn` is that of the first character behind the range.
    package var line: Int?
    package var column: Int?
    package var endLine: Int?
    package var endColumn: Int?
    package var severity: Diagnostic.Severity
    package var message: String
    package var help: String?

    package init(_ diagnostic: Diagnostic, file: String) {
        self.file = file
        line = diagnostic.range?.start.line
        column = diagnostic.range?.start.column
        endLine = diagnostic.range?.end.line
        endColumn = diagnostic.range?.end.column
        severity = diagnostic.severity
        message = diagnostic.message
        help = diagnostic.help
    }
}
