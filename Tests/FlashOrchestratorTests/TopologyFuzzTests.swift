// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import Testing
import YAMLBridge

/// Broken files and link texts, made of the good and bad ones below `topologies/`, for FUZZ_SECONDS (1 where it is not
/// set) each. A failure names its seed; with that in FUZZ_SEED it is the first one again. A text that found a fault
/// is kept below `topologies/invalid`.
@Suite struct TopologyFuzzTests {
    private func forEachSeed(_ body: (UInt64) throws -> Void) rethrows {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["FUZZ_SECONDS"].flatMap(Double.init) ?? 1
        let first = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? 0
        let end = ContinuousClock.now + .seconds(seconds)
        var seed = first
        repeat {
            try body(seed)
            seed &+= 1
        } while ContinuousClock.now < end
    }

    @Test func decoderTakesAnyText() throws {
        let files = try TopologyFixtures.files(in: "topologies") + TopologyFixtures.files(in: "topologies/invalid")
        let corpus = try files.map { try [UInt8](Data(contentsOf: $0)) }.filter { $0.count < 2_000 }
        forEachSeed { seed in
            var mutator = TextMutator(random: SplitMix(state: seed), corpus: corpus)
            let text = mutator.text()
            let (topology, diagnostics) = TopologyFile.decode(
                text: text, file: "fuzz.yaml", variables: ["NIC": "eth0"], machine: TopologyFixtures.machine)
            let hasError = diagnostics.contains { $0.severity == .error }
            #expect((topology == nil) == hasError, "seed \(seed)")
            let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).count
            for range in diagnostics.compactMap(\.range) {
                // Line breaks of YAML are more than line feeds: a place may be counted beyond those.
                #expect(range.start.line >= 1 && range.start.column >= 1 && range.start <= range.end, "seed \(seed)")
                #expect(range.start.line <= max(lines, text.count + 1), "seed \(seed)")
            }
            let rendered = DiagnosticRenderer(file: "fuzz.yaml", text: text, colour: false).render(diagnostics)
            #expect(rendered.isEmpty == diagnostics.isEmpty, "seed \(seed)")
            if let topology { expectConsistent(topology, seed: seed) }
        }
    }

    /// What everybody behind the decoder relies on.
    private func expectConsistent(_ topology: Topology, seed: UInt64) {
        let interfaces = Dictionary(topology.interfaces.map { ($0.name, Set($0.queues)) }) { first, _ in first }
        let functions = Set(topology.functions.map(\.name))
        #expect(
            interfaces.count == topology.interfaces.count && functions.count == topology.functions.count, "seed \(seed)"
        )
        #expect(functions.isDisjoint(with: interfaces.keys), "seed \(seed)")
        #expect(Set(topology.links.map(\.source)).count == topology.links.count, "seed \(seed)")
        for link in topology.links {
            if let function = link.source.function { #expect(functions.contains(function), "seed \(seed)") }
            switch link.target {
            case .function(let name): #expect(functions.contains(name), "seed \(seed)")
            case .queues(let name, let queues):
                #expect(!queues.isEmpty && interfaces[name]?.isSuperset(of: queues) == true, "seed \(seed)")
            }
        }
    }

    @Test func linkTextTakesAnyText() throws {
        let corpus = [
            "lan:0 -> firewall -> count -> wan:0", "firewall[deny] -> trash", "x[1]->y", "a=>b", "a → b",
            "a:99999999999",
            "[", "é[ü] -> ö", "a.b-c_d -> e--> f", "\u{FEFF}a -> b", "a\u{301} -> b",
        ].map { Array($0.utf8) }
        forEachSeed { seed in
            var mutator = TextMutator(random: SplitMix(state: seed), corpus: corpus)
            let text = String(decoding: mutator.text(), as: UTF8.self)
            let link = LinkText.parse(text)
            let count = text.unicodeScalars.count
            let spans = link.faults.map(\.span) + link.ends.compactMap { $0?.span }
            #expect(spans.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= count + 1 }, "seed \(seed)")
            #expect(link.ends.allSatisfy { $0 != nil } || !link.faults.isEmpty, "seed \(seed)")
            if link.faults.isEmpty {
                // What was understood, written again, is understood in the same way.
                let again = LinkText.parse(link.ends.compactMap { $0.map(spelled) }.joined(separator: " -> "))
                #expect(again.faults.isEmpty, "seed \(seed)")
                #expect(again.ends.map { $0.map(spelled) } == link.ends.map { $0.map(spelled) }, "seed \(seed)")
            }
        }
    }

    private func spelled(_ end: LinkText.End) -> String {
        switch end.selector {
        case .queue(let queue): return "\(end.name):\(queue)"
        case .output(let output): return "\(end.name)[\(output)]"
        case nil: return end.name
        }
    }
}

/// Makes a text of pieces of others.
private struct TextMutator {
    var random: SplitMix
    let corpus: [[UInt8]]

    private static let words = [
        "->", ":", "[", "]", "{", "}", "&a ", "*a", "<<: *a", "- ", "\n", "  ", "\t", "'", "\"", "|\n", ">-\n", "#",
        "---\n",
        "${NIC}", "${X:-1}", "$", "~", "0x10", "-1", "9999999999999999999999", "\\x00", "\u{FEFF}", "\u{2028}", "é",
        "👍",
        "version: 1\n", "nfs:\n", "links:\n", "program: maglev", "config: ", "threads: ", "queues: ", "lan", "wan:0",
    ].map { Array($0.utf8) }

    mutating func text() -> [UInt8] {
        var text = piece()
        for _ in 0..<(1 + below(6)) { mutate(&text) }
        return text
    }

    private mutating func below(_ bound: Int) -> Int {
        bound <= 0 ? 0 : Int(random.next() % UInt64(bound))
    }

    private mutating func piece() -> [UInt8] { corpus[below(corpus.count)] }

    private mutating func range(in text: [UInt8], at most: Int) -> Range<Int> {
        let start = below(text.count + 1)
        return start..<min(text.count, start + below(most))
    }

    private mutating func mutate(_ text: inout [UInt8]) {
        switch below(6) {
        case 0: text.removeSubrange(range(in: text, at: 40))
        case 1: text.insert(contentsOf: Self.words[below(Self.words.count)], at: below(text.count + 1))
        case 2: text.replaceSubrange(range(in: text, at: 8), with: Self.words[below(Self.words.count)])
        case 3: text.insert(contentsOf: text[range(in: text, at: 80)], at: below(text.count + 1))
        case 4:
            let other = piece()
            text.insert(contentsOf: other[range(in: other, at: 120)], at: below(text.count + 1))
        default:
            guard !text.isEmpty else { return }
            text[below(text.count)] = UInt8(truncatingIfNeeded: random.next())
        }
    }
}
