// SPDX-License-Identifier: Apache-2.0

import Testing
import YAMLBridge

@Suite("Syntax errors")
struct SyntaxTests {
    @Test(
        "say what is wrong, where, and what to do",
        arguments: [
            (
                "a: b: c", "1:5-1:6 a ':' is not allowed here",
                "put a text that contains ': ' in quotes, or start a new line for the key"
            ),
            (
                "a: 1\n  b: 2", "2:4-2:5 a ':' is not allowed here",
                "check the indentation of this line and the one before"
            ),
            (
                "a: - x", "1:4-1:5 a list entry '-' is not allowed here",
                "start the list on a line of its own below the key"
            ),
            ("a: [1, 2\nb: 3", "2:2-2:3 expected ',' or ']', found ':'", "the list opens at line 1, column 4"),
            (
                "a: {x: 1\n\n", "1:9-1:9 expected ',' or '}', found the end of the text",
                "the mapping opens at line 1, column 4"
            ),
            (
                "a: \"open\nb: 1", "1:4-1:5 this quoted text is not closed",
                "inside single quotes write '' for one, inside double quotes \\\""
            ),
            (
                "a: 'é\n---\n", "1:4-1:5 this quoted text is not closed",
                "inside single quotes write '' for one, inside double quotes \\\""
            ),
            (
                "a: 'it's'", "1:8-1:9 unexpected 's' behind the value",
                "a quoted text ends at its quote: put all of the value in quotes"
            ),
            ("a: [x]]", "1:7-1:8 unexpected ']' behind the value", nil),
            ("a:\n\tb: 1", "2:1-2:2 a tab cannot indent", "indent with spaces"),
            ("a: @foo", "1:4-1:5 a value cannot start with '@'", "put it in quotes"),
            ("a: %x", "1:4-1:5 a value cannot start with '%'", "put it in quotes"),
            (
                "a:\n  - x\n y", "3:2-3:3 expected a key or the end of the mapping, found 'y'",
                "the mapping starts at line 1, column 1: its keys start in the same column"
            ),
            (
                "- a\nb: 1", "2:1-2:2 expected '-' or the end of the list, found 'b'",
                "the list starts at line 1, column 1: its entries start in the same column"
            ),
            (
                "a: 1\nfoo \nb: 2", "2:1-2:4 expected ':' behind this key",
                "write 'key: value', or '- value' for an entry of a list"
            ),
            ("a: ]", "1:4-1:5 expected a value, found ']'", nil),
            (
                "  a: 1\nb: 2", "2:1-2:2 the document has ended before this",
                "check the indentation; a file holds one document"
            ),
            ("a: \"\\q\"", "1:5-1:6 this escape is not known", "write \\\\ for a backslash, or use single quotes"),
            ("a: \"\\xZZ\"", "1:7-1:8 expected a hexadecimal digit, found 'Z'", "write \\xHH, \\uHHHH or \\UHHHHHHHH"),
            ("a: |x", "1:5-1:6 expected a comment or the end of the line, found 'x'", nil),
            (
                "a: *", "1:5-1:5 expected the name of an alias, found the end of the text",
                "it has letters, digits, '-' and '_'"
            ),
            ("a: !x!y z", "1:4-1:5 this tag handle is not declared", nil),
            ("%YAML 2.0\n---\na", "1:1-1:2 this version of YAML is not supported", "remove the %YAML line"),
        ] as [(String, String, String?)]
    )
    func sentences(text: String, fault: String, help: String?) {
        let parsed = Parsed(text)
        #expect(parsed.faults == [fault])
        #expect(parsed.helps == [help])
        #expect(parsed.root == nil)
    }

    @Test("what stands before broken syntax is reported too")
    func all() {
        #expect(
            Parsed("a: 1\na: 2\nb: ${X}\nc: !foo 1\nd: ]").faults == [
                "2:1-2:2 duplicate key 'a'", "3:4-3:8 variable 'X' is not set", "4:4-4:8 unknown tag '!foo'",
                "5:4-5:5 expected a value, found ']'",
            ])
    }
}
