// SPDX-License-Identifier: Apache-2.0

import Testing
import YAMLBridge

@Suite("Variables")
struct VariableTests {
    @Test(
        "are replaced in values, of all styles",
        arguments: [
            ("a: ${X}", "{a: 7}"),
            ("a: x${X}y${X}", "{a: x7y7}"),
            ("a: '${X}'", "{a: '7'}"),
            ("a: \"${X}\\n${X}\"", "{a: '7\n7'}"),
            ("a: |\n  b ${X}\n  c", "{a: 'b 7\nc'}"),
            ("a: { device: ${X}, b: [${X}, ${U:-x, y}] }", "{a: {device: 7, b: [7, x, y]}}"),
            ("a: ${U:-d}", "{a: d}"),
            ("a: ${U:-}", "{a: }"),
            ("a: ${E:-empty}", "{a: empty}"),
            ("a: ${X:-d}", "{a: 7}"),
            ("a: ${U:-k: v # c}", "{a: k: v # c}"),
            ("a: $$X $${X} $$$${X} $$${X}", "{a: $X ${X} $${X} $7}"),
            ("a: $X $ {X} 5$", "{a: $X $ {X} 5$}"),
            ("a: \"\\x24{X}\"", "{a: '${X}'}"),
            ("a: \"\\x24${X}\"", "{a: '$7'}"),
            ("# ${U}\na: 1", "{a: 1}"),
        ])
    func replacement(text: String, shape: String) {
        let parsed = Parsed(text, ["X": "7", "E": ""])
        #expect(parsed.shape == shape)
        #expect(parsed.faults == [])
    }

    @Test("what replaces is neither parsed nor expanded")
    func literalReplacement() {
        let parsed = Parsed("a: ${X}\nb: ${Y}\n", ["X": "[1, 2]: ${Y} $$", "Y": "*anchor"])
        #expect(parsed.shape == "{a: [1, 2]: ${Y} $$, b: *anchor}")
        #expect(parsed.faults == [])
    }

    @Test("a fault of a variable has its place inside the scalar")
    func faults() {
        #expect(Parsed("a: go ${NOP} on").faults == ["1:7-1:13 variable 'NOP' is not set"])
        #expect(Parsed("a: \"é\\t${NOP}\"").faults == ["1:8-1:14 variable 'NOP' is not set"])
        #expect(Parsed("a: |\n  x\n  y ${NOP}\n").faults == ["3:5-3:11 variable 'NOP' is not set"])
        #expect(
            Parsed("a: go ${NOP on\nb: ${A}").faults == [
                "1:7-1:12 '${' without a '}'", "2:4-2:8 variable 'A' is not set",
            ])
        #expect(Parsed("a: { b: \"${N\" }").faults == ["1:10-1:13 '${' without a '}'"])
        for form in ["${}", "${1A}", "${A-b}", "${A:?x}", "${A b}", "${A:-${B}}"] {
            #expect(Parsed("a: \(form)", ["A": "1", "B": "2"]).diagnostics.first?.message == "this is no variable")
        }
        #expect(Parsed("${X}: 1", ["X": "1"]).faults == ["1:1-1:5 a variable cannot stand in a key"])
    }

    @Test("an unset variable that is nearly right gets a suggestion")
    func suggestion() {
        #expect(
            Parsed("a: ${NCI}", ["NIC": "eth0"]).helps == [
                "did you mean '${NIC}'? set it in the environment, or give a default: ${NCI:-default}"
            ])
    }

    @Test("a scalar with a fault is marked")
    func marked() {
        let parsed = Parsed("a: ${X}\nb: c\n")
        #expect(parsed["a"]?.isFaulty == true)
        #expect(parsed["b"]?.isFaulty == false)
    }

    @Test("places behind a variable are those of the source")
    func places() {
        let parsed = Parsed("a: x ${LONG}:0 -> ${S} y\n", ["LONG": "replacement", "S": ""])
        let node = parsed["a"]
        #expect(parsed.shape == "{a: x replacement:0 ->  y}")
        #expect(node?.range(ofScalarBytes: 0..<1).text == "1:4-1:5")
        #expect(node?.range(ofScalarBytes: 2..<13).text == "1:6-1:13")
        #expect(node?.range(ofScalarBytes: 5..<6).text == "1:6-1:13")
        #expect(node?.range(ofScalarBytes: 13..<15).text == "1:13-1:15")
        #expect(node?.range(ofScalarBytes: 16..<18).text == "1:16-1:18")
        #expect(node?.range(ofScalarBytes: 20..<21).text == "1:24-1:25")
    }

    @Test("the names that a text uses")
    func names() {
        let right = "a: ${A} ${B:-x}\n# ${C}\nd: [ ${D}, '${E}', '$${F}' ]\n${K}: 1\n"
        #expect(YAMLDocument.variableNames(in: Array(right.utf8)) == ["A", "B", "D", "E"])
        #expect(YAMLDocument.variableNames(in: Array("a: ${A}\nb: ]\nc: ${C}".utf8)) == ["A"])
    }
}
