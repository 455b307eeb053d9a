// SPDX-License-Identifier: Apache-2.0

import Testing
import YAMLBridge

@Suite("Structure of a document")
struct StructureTests {
    @Test("scalars, sequences and mappings keep their order and their quoting")
    func structure() {
        let parsed = Parsed("b: 1\na: [x, 'y', \"z\"]\nc:\n- { k: v }\n- |\n  text\nd:\n")
        #expect(parsed.shape == "{b: 1, a: [x, 'y', 'z'], c: [{k: v}, 'text\n'], d: }")
        #expect(parsed.faults == [])
    }

    @Test("duplicate keys are reported at the second one; the first one holds")
    func duplicateKeys() {
        let parsed = Parsed("a: 1\nb: 2\na: 3\n'b': 4\n")
        #expect(parsed.shape == "{a: 1, b: 2}")
        #expect(parsed.faults == ["3:1-3:2 duplicate key 'a'", "4:1-4:4 duplicate key 'b'"])
        #expect(parsed.helps == ["the first one is in line 1", "the first one is in line 2"])
    }

    @Test("duplicate keys are found in large mappings too")
    func duplicateKeysInLargeMapping() {
        let keys = (0..<100).map { "k\($0): 0\n" }.joined()
        #expect(
            Parsed(keys + "k3: 1\nk99: 1\n").faults == [
                "101:1-101:3 duplicate key 'k3'", "102:1-102:4 duplicate key 'k99'",
            ])
    }

    @Test("a key is a text")
    func keys() {
        #expect(Parsed("? [a, b]\n: 1\nc: 2\n").faults == ["1:3-1:9 a key is a text, not a list"])
        #expect(Parsed("{a: 1}: 2\n").faults == ["1:1-1:7 a key is a text, not a mapping"])
        #expect(Parsed("'': 2\n").faults == ["1:1-1:3 this entry has no key"])
        #expect(Parsed("? [a, b]\n: 1\nc: 2\n").shape == "{c: 2}")
    }

    @Test("aliases stand for their node, and keep its place")
    func aliases() {
        let parsed = Parsed("a: &x [1, 2]\nb: *x\n&k key: *k\n")
        #expect(parsed.shape == "{a: [1, 2], b: [1, 2], key: key}")
        #expect(parsed.faults == [])
        #expect(parsed["b", 1]?.range.text == "1:11-1:12")
        #expect(parsed["a"]?.range.text == "1:7-1:13")
    }

    @Test("an alias needs an anchor before it, outside of its own node")
    func badAliases() {
        let unknown = Parsed("a: &base 1\nb: *bse\n")
        #expect(unknown.faults == ["2:4-2:8 no anchor '&bse' stands before this alias"])
        #expect(unknown.helps == ["did you mean '*base'?"])
        #expect(unknown["b"]?.isFaulty == true)
        #expect(Parsed("a: &x [1, *x]\n").faults == ["1:11-1:13 '*x' is inside the node that it stands for"])
        #expect(Parsed("&x a: &x {b: *x}\n").faults == ["1:14-1:16 '*x' is inside the node that it stands for"])
    }

    @Test("a later anchor of the same name wins")
    func redefinedAnchor() {
        #expect(Parsed("a: &x 1\nb: &x 2\nc: *x\n").shape == "{a: 1, b: 2, c: 2}")
        #expect(Parsed("a: &x [&x 1, *x]\nb: *x\n").shape == "{a: [1, 1], b: 1}")
    }

    @Test("merges bring in what is not there, where they stand")
    func merges() {
        let parsed = Parsed(
            """
            base: &base { a: 1, b: 2 }
            more: &more { b: 3, c: 4 }
            one: { z: 0, <<: *base, b: 9 }
            two:
              <<: [*more, *base]
              d: 5
            quoted: { "<<": 1 }
            """
        )
        #expect(parsed.faults == [])
        #expect(Parsed.shape(parsed["one"]!) == "{z: 0, a: 1, b: 9}")
        #expect(Parsed.shape(parsed["two"]!) == "{b: 3, c: 4, a: 1, d: 5}")
        #expect(Parsed.shape(parsed["quoted"]!) == "{<<: 1}")
        #expect(parsed["one", "a"]?.range.text == "1:18-1:19")
    }

    @Test("a merge takes mappings only, once")
    func badMerges() {
        #expect(
            Parsed("a: { <<: 5 }\n").faults == [
                "1:10-1:11 '<<' merges a mapping or a list of mappings, and this is none"
            ])
        #expect(
            Parsed("x: &x {a: 1}\nb: { <<: [*x, 5] }\n").faults == [
                "2:15-2:16 '<<' merges mappings, and this is none"
            ])
        #expect(Parsed("x: &x {a: 1}\nb:\n  <<: *x\n  <<: *x\n").faults == ["4:3-4:5 duplicate key '<<'"])
        #expect(Parsed("x: { <<: *y }\n").faults == ["1:10-1:12 no anchor '&y' stands before this alias"])
    }

    @Test("standard tags are understood, others are an error")
    func tags() {
        let parsed = Parsed(
            "a: !!str 5\nb: !!int '5'\nc: !!seq [1]\nd: ! 5\ne: !foo 5\nf: !bar {x: 1}\ng: !!set {a: }\n")
        #expect(parsed.shape == "{a: '5', b: 5, c: [1], d: '5', e: 5, f: {x: 1}, g: {a: }}")
        #expect(
            parsed.faults == [
                "5:4-5:8 unknown tag '!foo'", "6:4-6:8 unknown tag '!bar'", "7:4-7:9 unknown tag '!!set'",
            ])
        #expect(parsed["a"]?.range.text == "1:10-1:11")
    }

    @Test("a document without a node is an error")
    func empty() {
        for text in ["", "\n\n", "# only this\n", "---\n", "---\n...\n", "\u{FEFF}"] {
            #expect(Parsed(text).faults == ["1:1-1:1 the document is empty"], "\(text.debugDescription)")
            #expect(Parsed(text).root == nil)
        }
        #expect(Parsed("~\n").shape == "~")
    }

    @Test("a file holds one document")
    func secondDocument() {
        let parsed = Parsed("---\na: 1\n---\nb: 2\n")
        #expect(parsed.faults == ["3:1-3:4 a second document starts here"])
        #expect(parsed.shape == "{a: 1}")
        #expect(Parsed("a: 1\n...\n").faults == [])
    }
}
