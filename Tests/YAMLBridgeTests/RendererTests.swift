// SPDX-License-Identifier: Apache-2.0

import Testing
import YAMLBridge

@Suite("Rendering of diagnostics")
struct RendererTests {
    private func at(_ line: Int, _ column: Int, _ endLine: Int, _ endColumn: Int) -> SourceRange {
        SourceRange(
            start: SourcePosition(line: line, column: column), end: SourcePosition(line: endLine, column: endColumn)
        )
    }

    private func render(_ text: String, _ range: SourceRange?, width: Int = 120) -> String {
        DiagnosticRenderer(file: "t.yaml", text: Array(text.utf8), colour: false, width: width)
            .render(Diagnostic(.error, "message", at: range))
    }

    @Test("place, message, source line, caret, help; by position; a summary")
    func whole() {
        let text = "nfs:\n  a: { program: firewal }\n  b: { program: x }\n"
        let renderer = DiagnosticRenderer(file: "t.yaml", text: Array(text.utf8), colour: false)
        let rendered = renderer.render([
            Diagnostic(.warning, "odd", at: nil),
            Diagnostic(.error, "unknown program 'x'", at: at(3, 17, 3, 18)),
            Diagnostic(.error, "unknown program 'firewal'", at: at(2, 17, 2, 24), help: "did you mean 'firewall'?"),
            Diagnostic(.error, "unknown program 'x'", at: at(3, 17, 3, 18)),
        ])
        #expect(
            rendered == """
                t.yaml:2:17: error: unknown program 'firewal'
                  a: { program: firewal }
                                ^~~~~~~
                help: did you mean 'firewall'?
                t.yaml:3:17: error: unknown program 'x'
                  b: { program: x }
                                ^
                t.yaml: warning: odd
                2 errors, 1 warning

                """)
        #expect(renderer.render([]) == "")
    }

    @Test("a caret has the width of its range, on one line")
    func carets() {
        #expect(render("a: bcd", at(1, 4, 1, 7)).hasSuffix("a: bcd\n   ^~~\n"))
        #expect(render("a: bcd", at(1, 7, 1, 7)).hasSuffix("a: bcd\n      ^\n"))
        #expect(render("a: bcd  \ne", at(1, 4, 2, 2)).hasSuffix("a: bcd  \n   ^~~\n"))
        #expect(render("a: bcd", at(1, 4, 1, 99)).hasSuffix("   ^~~\n"))
        #expect(render("a: bcd", at(9, 4, 9, 5)) == "t.yaml:9:4: error: message\n")
        #expect(render("", at(1, 1, 1, 1)).hasSuffix("message\n\n^\n"))
    }

    @Test("tabs, wide characters and marks do not move it")
    func widths() {
        #expect(render("\ta\t: b", at(1, 6, 1, 7)).hasSuffix("\n\t \t  ^\n"))
        #expect(render("日本: 値だ", at(1, 5, 1, 7)).hasSuffix("\n      ^~~~\n"))
        #expect(render("e\u{301}: x", at(1, 5, 1, 6)).hasSuffix("\n   ^\n"))
        #expect(render("😀: x", at(1, 4, 1, 5)).hasSuffix("\n    ^\n"))
        #expect(render("\u{FEFF}a: b\r\nc: d\r\n", at(2, 4, 2, 5)).hasSuffix("\nc: d\n   ^\n"))
    }

    @Test("of a long line the part around the caret is shown")
    func longLines() {
        let line = String(repeating: "a", count: 100) + "BCD" + String(repeating: "e", count: 100)
        #expect(
            render(line, at(1, 101, 1, 104), width: 40).hasSuffix(
                """

                ...aaaaaaaaaaaaaaaBCDeeeeeeeeeeeeeeee...
                                  ^~~

                """))
        #expect(render(line, at(1, 1, 1, 2), width: 40).contains("\n" + String(repeating: "a", count: 34) + "...\n^\n"))
        #expect(
            render(line, at(1, 203, 1, 204), width: 40).hasSuffix("e\n" + String(repeating: " ", count: 36) + "^\n"))
        let wide = render(line, at(1, 1, 1, 204), width: 40)
        #expect(wide.hasSuffix("\n^" + String(repeating: "~", count: 33) + "\n"))
    }

    @Test("nothing of the text is obeyed by a terminal")
    func terminal() {
        let text = Array("a: \u{1B}[31m\u{202E}x\u{9B}".utf8) + [0xFF]
        let renderer = DiagnosticRenderer(file: "\u{1B}]0;t", text: text, colour: false)
        let rendered = renderer.render(Diagnostic(.error, "found '\u{1B}[1m\nx'", at: at(1, 4, 1, 5)))
        #expect(
            rendered == """
                \\u{1b}]0;t:1:4: error: found '\\u{1b}[1m\\u{a}x'
                a: ␛[31m\u{FFFD}x\u{FFFD}\u{FFFD}
                   ^

                """)
    }

    @Test("colour, where it is wanted")
    func colour() {
        let renderer = DiagnosticRenderer(file: "t.yaml", text: Array("a".utf8), colour: true)
        #expect(
            renderer.render(Diagnostic(.warning, "m", at: at(1, 1, 1, 2), help: "h"))
                == "\u{1B}[1mt.yaml:1:1:\u{1B}[0m \u{1B}[1;35mwarning:\u{1B}[0m \u{1B}[1mm\u{1B}[0m\na\n\u{1B}[1;32m^\u{1B}[0m\n"
                + "\u{1B}[1;36mhelp:\u{1B}[0m h\n")
    }

    @Test("the summary counts")
    func summary() {
        let error = Diagnostic(.error, "e", at: nil)
        let warning = Diagnostic(.warning, "w", at: nil)
        #expect(DiagnosticRenderer.summary([error]) == "1 error")
        #expect(DiagnosticRenderer.summary([warning, Diagnostic(.warning, "v", at: nil)]) == "2 warnings")
        #expect(DiagnosticRenderer.summary([]) == "")
    }
}
