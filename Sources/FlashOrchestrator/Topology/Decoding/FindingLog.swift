// SPDX-License-Identifier: Apache-2.0

package import YAMLBridge

/// Collects what a decoder finds, so that it can go on after a fault and report all of them in one run.
package final class FindingLog {
    package private(set) var findings: [Finding] = []
    private var seen: Set<Diagnostic> = []

    package init() {}

    package var hasErrors: Bool { findings.contains { $0.diagnostic.severity == .error } }

    /// A node that several aliases reach is decoded several times; its faults are told once.
    package func add(_ code: FindingCode, _ message: String, at range: SourceRange?, help: String? = nil) {
        let diagnostic = Diagnostic(code.severity, message, at: range, help: help)
        guard seen.insert(diagnostic).inserted else { return }
        findings.append(Finding(code: code, diagnostic: diagnostic))
    }

    /// In the order of the text; what concerns the text as a whole comes first.
    package static func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
        diagnostics.enumerated().sorted { left, right in
            switch (left.element.range?.start, right.element.range?.start) {
            case (let first?, let second?) where first != second: return first < second
            case (nil, .some): return true
            case (.some, nil): return false
            default: return left.offset < right.offset
            }
        }.map(\.element)
    }
}

package struct Finding: Hashable, Sendable {
    package var code: FindingCode
    package var diagnostic: Diagnostic
}
