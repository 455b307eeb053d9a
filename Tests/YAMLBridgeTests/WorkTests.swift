// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import YAMLBridge

/// Time says little on a shared machine: these count the steps that could grow faster than the text.
@Suite("Cost")
struct WorkTests {
    /// Texts of about `size` bytes of the kinds that a careless reader takes quadratic time for.
    static let kinds: [(name: String, make: @Sendable (Int) -> String)] = [
        ("many keys", { size in (0..<(size / 9)).map { "k\($0): 1\n" }.joined() }),
        ("the same key", { size in String(repeating: "k: 1\n", count: size / 5) }),
        ("merges", { size in "a: &a {x: 1, y: 2}\n" + (0..<(size / 20)).map { "k\($0): {<<: *a, z: 3}\n" }.joined() }),
        ("one long line", { size in "[" + String(repeating: "é, ", count: size / 4) + "]" }),
        ("variables without an end", { size in "a: \"" + String(repeating: "${A:-", count: size / 5) + "\"" }),
        ("blanks in an escaped text", { size in "a: \"\\t" + String(repeating: "  x", count: size / 3) + "\"" }),
        ("blanks", { size in "a: \"\\t" + String(repeating: " ", count: size) + "x\"" }),
        ("a long block", { size in "a: |\n" + String(repeating: "  é ${V} x\n", count: size / 12) }),
        ("a long folded text", { size in "a: \"" + String(repeating: "x é\n  ", count: size / 8) + "\"" }),
        ("unset variables", { size in String(repeating: "- ${X}\n", count: size / 7) }),
    ]

    @Test("is linear in the text", arguments: kinds.indices)
    func linear(kind: Int) {
        let (name, make) = Self.kinds[kind]
        let small = make(2_000)
        let large = make(20_000)
        let smallWork = YAMLDocument.read(Array(small.utf8), variables: ["V": "v"], limits: .standard).work
        let largeWork = YAMLDocument.read(Array(large.utf8), variables: ["V": "v"], limits: .standard).work
        #expect(largeWork <= 12 * max(smallWork, 100), "\(name): \(smallWork), \(largeWork)")
        #expect(largeWork <= 20 * large.utf8.count, "\(name)")
    }
}
