// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import YAMLBridge

@Suite("Hostile texts")
struct HostileTextTests {
    private func faults(_ bytes: [UInt8]) -> [String] {
        YAMLDocument.parse(bytes, variables: [:]).diagnostics.map { diagnostic in
            (diagnostic.range.map { "\($0.start.text) " } ?? "") + diagnostic.message
        }
    }

    @Test(
        "broken UTF-8 is reported at its first byte",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80],
            [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        let found = faults(Array("é: 1\nü: a".utf8) + bytes + Array("\nb: \u{FFFD}".utf8))
        #expect(found == ["2:5 this is not UTF-8: byte 0x\(String(bytes[0], radix: 16))"])
        #expect(faults(Array("ab".utf8) + bytes).count == 1)
    }

    @Test("control characters and noncharacters are reported, each at its place")
    func forbidden() {
        #expect(
            faults(Array("a: \u{1}b\u{0}\nc: \u{7F} é\u{FEFF}".utf8) + [0xEF, 0xB7, 0x90, 0xC2, 0x80]) == [
                "1:4 the character U+0001 is not allowed in YAML", "1:6 the character U+0000 is not allowed in YAML",
                "2:4 the character U+007F is not allowed in YAML", "2:7 the character U+FEFF is not allowed in YAML",
                "2:8 the character U+FDD0 is not allowed in YAML", "2:9 the character U+0080 is not allowed in YAML",
            ])
    }

    @Test("UTF-16 is named")
    func utf16() {
        #expect(faults([0xFF, 0xFE, 0x61, 0x00]) == ["the text is UTF-16"])
        #expect(faults([0xFE, 0xFF, 0x00, 0x61]) == ["the text is UTF-16"])
        #expect(faults([0x61, 0x00, 0x3A, 0x00]) == ["the text is UTF-16"])
    }

    @Test("a text that is too long is not read")
    func tooLong() {
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: (4 << 20) + 1)
        #expect(faults(text) == ["the document has 4194305 bytes, more than 4194304"])
        #expect(Parsed("abcde", limits: YAMLLimits(bytes: 5)).faults == [])
        #expect(Parsed("abcde", limits: YAMLLimits(bytes: 4)).faults == ["the document has 5 bytes, more than 4"])
    }

    @Test("a bomb of aliases is an error at the alias that goes too far")
    func aliasBomb() {
        var text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        for level in 1...30 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let parsed = Parsed(text)
        #expect(parsed.faults == ["6:20-6:23 with '*a4' the aliases stand for more than 250000 nodes"])
        #expect(parsed.root == nil)
    }

    @Test("a bomb of merges is one of aliases")
    func mergeBomb() {
        var text = "a0: &a0 { k0: 1 }\n"
        for level in 1...100 {
            text += "a\(level): &a\(level) { <<: [*a\(level - 1), *a\(level - 1)], k\(level): 1 }\n"
        }
        #expect(Parsed(text, limits: YAMLLimits(expandedNodes: 10_000)).diagnostics.count == 1)
    }

    @Test("a bomb of variables is an error at the variable that goes too far")
    func variableBomb() {
        let text = String(repeating: "- ${X}\n", count: 100)
        let parsed = Parsed(
            text, ["X": String(repeating: "x", count: 50)], limits: YAMLLimits(substitutedBytes: 4_999)
        )
        #expect(parsed.faults == ["100:3-100:7 the variables make this document too large"])
    }

    @Test("depth is bounded, in each style")
    func depth() {
        let limits = YAMLLimits(depth: 3)
        #expect(Parsed("[[[x]]]", limits: limits).faults == [])
        #expect(Parsed("[[[[x]]]]", limits: limits).faults == ["1:4-1:5 more than 3 collections inside each other"])
        #expect(Parsed("- - - - x", limits: limits).faults == ["1:7-1:8 more than 3 collections inside each other"])
        #expect(
            Parsed("a:\n b:\n  c:\n   d: x", limits: limits).faults == [
                "4:4-4:5 more than 3 collections inside each other"
            ])
        for opening in ["[", "{a: ", "- ", "? ", "[?"] {
            let text = String(repeating: opening, count: 20_000)
            #expect(Parsed(text).diagnostics.count == 1)
        }
    }

    @Test("faults beyond a bound are counted")
    func manyFaults() {
        let parsed = Parsed(String(repeating: "a: 1\n", count: 1_000), limits: YAMLLimits(diagnostics: 3))
        #expect(
            parsed.faults == [
                "2:1-2:2 duplicate key 'a'", "3:1-3:2 duplicate key 'a'", "4:1-4:2 duplicate key 'a'",
                "996 more faults are not shown",
            ])
    }

    @Test("truncated and spliced texts never crash", arguments: 0..<20)
    func mutations(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let bytes = Array(SampleDocument(seed: UInt64(seed)).text.utf8)
        for _ in 0..<50 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) where !mutated.isEmpty {
                let start = Int.random(in: 0..<mutated.count, using: &random)
                let end = min(mutated.count, start + Int.random(in: 0...8, using: &random))
                let splice = Array("\n:-[]{}&*!|>'\"%@`${}#,\t\r x".utf8.shuffled(using: &random).prefix(3))
                mutated.replaceSubrange(start..<end, with: splice)
            }
            let result = YAMLDocument.parse(mutated, variables: ["V": "v"])
            #expect(result.root != nil || !result.diagnostics.isEmpty)
            _ = DiagnosticRenderer(file: "x", text: mutated, colour: true, width: 40).render(result.diagnostics)
        }
    }
}
