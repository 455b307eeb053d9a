// SPDX-License-Identifier: Apache-2.0

/// Turns diagnostics into what a person reads:
///
///     quickstart.yaml:12:16: error: unknown program 'firewal'
///           program: firewal
///                    ^~~~~~~
///     help: did you mean 'firewall'?
///
/// Nothing of the text reaches the terminal that the terminal would obey.
package struct DiagnosticRenderer: Sendable {
    private let file: String
    private let lines: SourceLines
    private let colour: Bool
    /// Cells of a source line that are shown at most.
    private let width: Int

    /// - Parameters:
    ///   - file: as it is to be shown
    ///   - text: what was parsed; may be any bytes
    ///   - colour: ANSI sequences
    package init(file: String, text: [UInt8], colour: Bool, width: Int = 120) {
        self.file = DisplayText.escaped(file)
        lines = SourceLines(text)
        self.colour = colour
        self.width = max(width, 20)
    }

    /// All of them, by position, with a summary; each line ends with a line break. Empty where there are none.
    package func render(_ diagnostics: [Diagnostic]) -> String {
        guard !diagnostics.isEmpty else { return "" }
        let parts = diagnostics.sortedByPosition().map(render) + [Self.summary(diagnostics) + "\n"]
        return parts.joined()
    }

    /// One, without a summary.
    package func render(_ diagnostic: Diagnostic) -> String {
        var place = file
        if let start = diagnostic.range?.start { place += ":\(start.line):\(start.column)" }
        let severity = paint(diagnostic.severity.rawValue + ":", diagnostic.severity == .error ? "1;31" : "1;35")
        var result = "\(paint(place + ":", "1")) \(severity) \(paint(DisplayText.escaped(diagnostic.message), "1"))\n"
        if let range = diagnostic.range, let excerpt = excerpt(range) {
            result += "\(excerpt.source)\n\(paint(excerpt.caret, "1;32"))\n"
        }
        if let help = diagnostic.help { result += "\(paint("help:", "1;36")) \(DisplayText.escaped(help))\n" }
        return result
    }

    /// `2 errors, 1 warning`.
    package static func summary(_ diagnostics: [Diagnostic]) -> String {
        let unique = Set(diagnostics)
        let errors = unique.count { $0.severity == .error }
        let warnings = unique.count - errors
        func count(_ number: Int, _ noun: String) -> String? {
            number == 0 ? nil : "\(number) \(noun)\(number == 1 ? "" : "s")"
        }
        return [count(errors, "error"), count(warnings, "warning")].compactMap(\.self).joined(separator: ", ")
    }

    private func paint(_ text: String, _ code: String) -> String {
        colour ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    // MARK: The source line

    private func excerpt(_ range: SourceRange) -> (source: String, caret: String)? {
        guard let line = lines.line(range.start.line) else { return nil }
        let (scalars, skipped, isCut) = near(range.start.column - 1, in: line)
        let first = min(max(range.start.column - 1 - skipped, 0), scalars.count)
        let isLonger = range.end.line > range.start.line
        var end = isLonger ? scalars.count : min(max(range.end.column - 1 - skipped, first), scalars.count)
        while isLonger, end > first + 1, scalars[end - 1].properties.isWhitespace { end -= 1 }
        let shown = window(scalars, first..<end, isPart: isCut || skipped > 0)
        let before = shown.lowerBound + skipped > 0 ? "..." : ""
        let after = shown.upperBound < scalars.count || isCut ? "..." : ""

        var source = String.UnicodeScalarView()
        source.append(contentsOf: scalars[shown])
        var caret = String(repeating: " ", count: before.count)
        for scalar in scalars[shown.lowerBound..<first] {
            caret += scalar == "\t" ? "\t" : String(repeating: " ", count: DisplayText.width(scalar))
        }
        let marked = scalars[first..<min(max(end, first), shown.upperBound)]
        let cells = marked.reduce(0) { $0 + DisplayText.width($1) }
        caret += "^" + String(repeating: "~", count: max(cells - 1, 0))
        return (before + String(source) + after, caret)
    }

    /// Scalars of a line around a column: so many that more cannot be shown, so few that a line of megabytes costs little.
    private func near(
        _ column: Int, in line: ArraySlice<UInt8>
    ) -> (scalars: [Unicode.Scalar], skipped: Int, isCut: Bool) {
        let skipped = max(0, column - width)
        var start = line.startIndex
        var count = 0
        while start < line.endIndex {
            if !TextMap.isContinuation(line[start]) {
                if count == skipped { break }
                count += 1
            }
            start += 1
        }
        let end = min(line.endIndex, start + 8 * width)
        let scalars = String(decoding: line[start..<end], as: UTF8.self).unicodeScalars.map(DisplayText.masked)
        return (scalars, count, end < line.endIndex)
    }

    /// Which of them are shown: all, or as many as there is room for, with the marked ones near the middle.
    private func window(_ scalars: [Unicode.Scalar], _ marked: Range<Int>, isPart: Bool) -> Range<Int> {
        func cells(_ scalar: Unicode.Scalar) -> Int { scalar == "\t" ? 8 : DisplayText.width(scalar) }
        if !isPart, scalars.reduce(0, { $0 + cells($1) }) <= width { return scalars.indices }
        let room = width - 6
        var start = marked.lowerBound
        var end = marked.lowerBound
        var used = 0
        while end < marked.upperBound, used + cells(scalars[end]) <= room {
            used += cells(scalars[end])
            end += 1
        }
        let share = used + (room - used) / 2
        while start > 0, used + cells(scalars[start - 1]) <= share {
            start -= 1
            used += cells(scalars[start])
        }
        while end < scalars.count, used + cells(scalars[end]) <= room {
            used += cells(scalars[end])
            end += 1
        }
        while start > 0, used + cells(scalars[start - 1]) <= room {
            start -= 1
            used += cells(scalars[start])
        }
        return start..<end
    }
}
