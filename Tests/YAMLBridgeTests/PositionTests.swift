// SPDX-License-Identifier: Apache-2.0

import Testing
import YAMLBridge

@Suite("Positions")
struct PositionTests {
    @Test("a node's range has its quotes and brackets and nothing else")
    func ranges() {
        let text = """
            plain: some text   # comment
            'quoted' : "two words"
            flow: [ a, {b: c} ] # x
            block:
              - one

              # comment
              - two: 2
                three:
            last: |
              text
              more

            """
        let parsed = Parsed(text)
        #expect(parsed["plain"]?.range.slice(of: text) == "some text")
        #expect(parsed["quoted"]?.range.slice(of: text) == "\"two words\"")
        #expect(parsed.entry("quoted")?.keyRange.slice(of: text) == "'quoted'")
        #expect(parsed["flow"]?.range.slice(of: text) == "[ a, {b: c} ]")
        #expect(parsed["flow", 1]?.range.slice(of: text) == "{b: c}")
        #expect(parsed["block"]?.range.slice(of: text) == "- one\n\n  # comment\n  - two: 2\n    three:")
        #expect(parsed["block", 1]?.range.slice(of: text) == "two: 2\n    three:")
        #expect(parsed["last"]?.range.slice(of: text) == "|\n  text\n  more")
        #expect(parsed.root?.range.text == "1:1-12:7")
    }

    @Test("anchors and tags do not belong to the range")
    func properties() {
        let text = "a: &x !!str text\nb: !!map\n  &k k: v\nc: &s # comment\n  - 1\nd: &e\n"
        let parsed = Parsed(text)
        #expect(parsed.faults == [])
        #expect(parsed["a"]?.range.slice(of: text) == "text")
        #expect(parsed["b"]?.range.slice(of: text) == "&k k: v")
        #expect(parsed["c"]?.range.slice(of: text) == "- 1")
        #expect(parsed["d"]?.range.text == "6:6-6:6")
    }

    @Test("a column is a Unicode scalar, a line ends with LF, CR or CR LF")
    func columns() {
        let parsed = Parsed("\u{FEFF}ä: é\r\nü: [ö, 日本, x]\rz: 😀 y\n")
        #expect(parsed["ä"]?.range.text == "1:4-1:5")
        #expect(parsed["ü", 1]?.range.text == "2:8-2:10")
        #expect(parsed["ü", 2]?.range.text == "2:12-2:13")
        #expect(parsed["z"]?.range.text == "3:4-3:7")
    }

    @Test("a long text that is not ASCII keeps its columns")
    func manyScalars() {
        let item = "é€😀 x, "
        let parsed = Parsed("k: [" + String(repeating: item, count: 500) + "end]\n")
        let last = parsed["k", 500]
        let column = 5 + 500 * item.unicodeScalars.count
        #expect(last?.range.text == "1:\(column)-1:\(column + 3)")
    }

    @Test("a byte of a scalar's text has its place")
    func inside() {
        let parsed = Parsed(
            """
            plain: lan:0 -> é -> wan:0
            quoted: "lan:0 -> wan:0"
            escaped: "a\\tb\\x41c"
            single: 'it''s'
            folded: one
              two

              three
            literal: |
              first

                second
            """
        )
        #expect(parsed["plain"]?.position(ofScalarAt: 9).text == "1:17")
        #expect(parsed["plain"]?.position(ofScalarAt: 12).text == "1:19")
        #expect(parsed["plain"]?.range(ofScalarBytes: 0..<5).text == "1:8-1:13")
        #expect(parsed["quoted"]?.range(ofScalarBytes: 9..<14).text == "2:19-2:24")
        #expect(parsed["quoted"]?.position(ofScalarAt: 14).text == "2:24")
        let escaped = parsed["escaped"]
        #expect(
            (0...5).map { escaped?.position(ofScalarAt: $0).text } == ["3:11", "3:12", "3:14", "3:15", "3:19", "3:20"])
        #expect(escaped?.range(ofScalarBytes: 3..<4).text == "3:15-3:19")
        #expect(parsed["single"]?.position(ofScalarAt: 3).text == "4:14")
        #expect(parsed["folded"]?.position(ofScalarAt: 4).text == "6:3")
        #expect(parsed["folded"]?.position(ofScalarAt: 8).text == "8:3")
        #expect(parsed["literal"]?.position(ofScalarAt: 0).text == "10:3")
        #expect(parsed["literal"]?.position(ofScalarAt: 9).text == "12:5")
        #expect(parsed["literal"]?.position(ofScalarAt: 12).text == "12:8")
    }
}
