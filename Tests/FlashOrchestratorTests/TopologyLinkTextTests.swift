// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct TopologyLinkTextTests {
    private func faults(_ text: String) -> [String] {
        LinkText.parse(text).faults.map { "\($0.span.lowerBound): \($0.message)" }
    }

    @Test func endsAndTheirSpans() {
        let link = LinkText.parse("lan:3 ->fw[ deny ]-> a-b.c_d2")
        #expect(link.faults.isEmpty)
        #expect(
            link.ends == [
                LinkText.End(name: "lan", selector: .queue(3), nameSpan: 0..<3, selectorSpan: 3..<5),
                LinkText.End(name: "fw", selector: .output("deny"), nameSpan: 8..<10, selectorSpan: 10..<18),
                LinkText.End(name: "a-b.c_d2", nameSpan: 21..<29),
            ])
    }

    @Test(arguments: ["a->b", "a -> b", "  a\t->\nb  ", "a  ->b "])
    func spacesAreFree(text: String) {
        let link = LinkText.parse(text)
        #expect(link.faults.isEmpty)
        #expect(link.ends.map { $0?.name } == ["a", "b"])
    }

    @Test(arguments: [
        ("", ["0: expected the name of an interface or NF, found the end of the link"]),
        (
            "->",
            [
                "0: expected the name of an interface or NF, found '->'",
                "2: expected the name of an interface or NF, found the end of the link",
            ]
        ),
        ("a b", ["2: expected '->', found 'b'"]),
        ("a > b -> c", ["2: expected '->', found '>'"]),
        ("a -> ü", ["5: expected the name of an interface or NF, found 'ü'"]),
        ("a: -> b", ["3: expected a queue number behind ':', found '->'"]),
        ("a:1024", ["2: queue numbers go from 0 to 1023"]),
        ("a:99999999999999999999999", ["2: queue numbers go from 0 to 1023"]),
        ("a:-1 -> b", ["2: expected a queue number behind ':', found '-'"]),
        ("a[x", ["3: expected ']' behind the output's name, found the end of the link"]),
        ("a[x -> b", ["4: expected ']' behind the output's name, found '->'"]),
        ("a[ ] -> b", ["1: expected the name or number of an output between '[' and ']'"]),
        ("a:0[x] -> b", ["3: expected '->', found '['"]),
        (
            "a[ -> b[ -> c[",
            [
                "3: expected ']' behind the output's name, found '->'",
                "9: expected ']' behind the output's name, found '->'",
                "14: expected ']' behind the output's name, found the end of the link",
            ]
        ),
    ])
    func faultsSayWhere(text: String, expected: [String]) {
        #expect(faults(text) == expected)
    }

    /// Whatever the text, reading it ends, and spans lie inside it (or just behind).
    @Test func anyTextIsRead() {
        var random = SplitMix(state: 42)
        let alphabet: [Unicode.Scalar] = [
            "a", "b", "-", ">", "[", "]", ":", "0", "9", " ", "\u{0}", "é", "\u{301}", "👍",
        ]
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int(random.next() % 12) {
                text.unicodeScalars.append(alphabet[Int(random.next() % UInt64(alphabet.count))])
            }
            let link = LinkText.parse(text)
            let count = text.unicodeScalars.count
            #expect(link.length == count)
            for span in link.faults.map(\.span) + link.ends.compactMap({ $0?.span }) {
                #expect(span.lowerBound >= 0 && span.upperBound <= count + 1)
            }
            #expect(link.ends.contains(nil) ? !link.faults.isEmpty : true)
        }
    }
}

/// A small generator of numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
