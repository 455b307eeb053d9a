// SPDX-License-Identifier: Apache-2.0

/// Sets of rules as bit vectors, each different one once. A vector is a summary word, whose bit w says whether word w has
/// any rule, and then the words, of 64 rules each, the first rule in the lowest bit.
struct RuleVectors {
    /// As many as one summary word has room for.
    static var ruleLimit: Int { 64 * 64 }

    let words: OwnedBuffer<UInt64>

    struct Builder {
        private let wordCount: Int
        private var pool: [UInt64] = []
        private var offsets: [[UInt64]: Int32] = [:]

        /// - Parameter ruleCount: at most `ruleLimit`.
        init(ruleCount: Int) {
            wordCount = (ruleCount + 63) / 64
        }

        var empty: [UInt64] { Array(repeating: 0, count: 1 + wordCount) }

        func set(_ rule: Int, to isMember: Bool, in vector: inout [UInt64]) {
            let word = rule / 64
            let bit: UInt64 = 1 << (rule % 64)
            vector[1 + word] = isMember ? vector[1 + word] | bit : vector[1 + word] & ~bit
            let summary: UInt64 = 1 << word
            vector[0] = vector[1 + word] == 0 ? vector[0] & ~summary : vector[0] | summary
        }

        /// - Returns: where the vector lies, in words.
        mutating func add(_ vector: [UInt64]) -> Int32 {
            if let offset = offsets[vector] { return offset }
            let offset = Int32(clamping: pool.count)
            offsets[vector] = offset
            pool += vector
            return offset
        }

        /// The set of the rules for which `isMember` holds.
        mutating func add(_ rules: [FirewallRule], where isMember: (FirewallRule) -> Bool) -> Int {
            var vector = empty
            for (index, rule) in rules.enumerated() where isMember(rule) {
                set(index, to: true, in: &vector)
            }
            return Int(add(vector))
        }

        func finish() -> RuleVectors { RuleVectors(words: OwnedBuffer(pool)) }
    }
}
