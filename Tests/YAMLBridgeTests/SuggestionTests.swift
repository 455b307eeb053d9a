// SPDX-License-Identifier: Apache-2.0

import Testing
import YAMLBridge

@Suite("Suggestions")
struct SuggestionTests {
    static let programs = ["counter", "firewall", "forward", "generator", "maglev", "responder", "sink"]

    @Test(
        "name what is near",
        arguments: [
            ("firewal", "firewall"), ("fierwall", "firewall"), ("Firewall", "firewall"), ("FIREWALL", "firewall"),
            ("snik", "sink"), ("countr", "counter"), ("genrator", "generator"), ("magleev", "maglev"),
            ("forwards", "forward"), ("responer", "responder"), ("counter2", "counter"),
        ])
    func near(name: String, expected: String) {
        #expect(Suggestion.nearest(to: name, in: Self.programs) == expected)
    }

    @Test("do not guess", arguments: ["", "x", "switch", "bridge", "sk", "fire", "qqqq", "firewall"])
    func far(name: String) {
        #expect(Suggestion.nearest(to: name, in: Self.programs) == nil)
    }

    @Test("the nearest one, and of several the first")
    func best() {
        #expect(Suggestion.nearest(to: "ln", in: ["lan", "wan"]) == "lan")
        #expect(Suggestion.nearest(to: "xan", in: ["wan", "lan"]) == "wan")
        #expect(Suggestion.nearest(to: "a", in: ["b", "A"]) == "A")
        #expect(Suggestion.help(for: "wna", in: ["lan", "wan"]) == "did you mean 'wan'?")
    }

    @Test("a hostile name costs nothing")
    func hostile() {
        #expect(Suggestion.nearest(to: String(repeating: "x", count: 1_000_000), in: Self.programs) == nil)
        #expect(Suggestion.nearest(to: "sink2", in: [String(repeating: "x", count: 1_000_000), "sink"]) == "sink")
    }
}
