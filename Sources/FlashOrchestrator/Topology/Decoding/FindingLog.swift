// SPDX-License-Identifier: Apache-2.0

package import YAMLBridge

/// Collects what a decoder finds, so that it can go on after a fault and report all of them in one run. Beyond a bound
/// they are only counted.
package final class FindingLog {
    package private(set) var findings: [Finding] = []
    package private(set) var hasErrors = false
    private let limit: Int
    private var omitted = 0
    private var seen: Set<Diagnostic> = []

    package init(limit: Int = YAMLLimits.standard.diagnostics) {
        self.limit = limit
    }

    /// A node that several aliases reach is decoded several times; its faults are told once. What a finding says and where
    /// is not computed where it is only counted: a place in a long text costs a walk through it.
    package func add(
        _ code: FindingCode, _ message: @autoclosure () -> String, at range: @autoclosure () -> SourceRange?,
        help: @autoclosure () -> String? = nil
    ) {
        hasErrors = hasErrors || code.severity == .error
        guard findings.count < limit else {
            omitted += 1
            return
        }
        let diagnostic = Diagnostic(code.severity, message(), at: range(), help: help())
        guard seen.insert(diagnostic).inserted else { return }
        findings.append(Finding(code: code, diagnostic: diagnostic))
    }

    /// What was found, with a last one that tells how many are not shown.
    var diagnostics: [Diagnostic] {
        let shown = findings.map(\.diagnostic)
        guard omitted > 0 else { return shown }
        let rest = "\(omitted) more \(omitted == 1 ? "finding is" : "findings are") not shown"
        return shown + [Diagnostic(hasErrors ? .error : .warning, rest, at: nil)]
    }

    /// In the order of the text; what concerns the text as a whole comes first.
    static func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
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
