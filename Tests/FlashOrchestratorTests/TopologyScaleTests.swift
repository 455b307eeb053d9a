// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Testing

@Suite struct TopologyScaleTests {
    /// `count` NFs; 3 x `count` links: each NF on three paths, of ten NFs each, all between the queues of two interfaces.
    static func file(functions count: Int) -> String {
        let paths = 3 * count / 10
        let queues = min(paths, 1024)
        var text = "version: 1\ninterfaces:\n  lan: { device: lan, queues: \(queues) }\n  wan: { device: wan }\nnfs:\n"
        text += "  start: { program: maglev, config: { backends: ["
        text += (0..<paths).map { "b\($0)" }.joined(separator: ", ") + "] } }\n"
        for index in 0..<count { text += "  nf\(index): { program: counter, threads: 1 }\n" }
        text += "links:\n  - lan -> start\n  - wan -> start\n"
        for path in 0..<paths {
            let stops = (0..<10).map { "nf\((path * 10 + $0) % count)" }.joined(separator: " -> ")
            text += "  - start[b\(path)] -> \(stops) -> wan\n"
        }
        return text
    }

    @Test func tenThousandNFsAreDecoded() throws {
        let programs = ProgramSet(
            TopologyFixtures.programs.declarations.values.map { declaration in
                var declaration = declaration
                if declaration.name == "maglev" {
                    declaration.parameters[0].type = .list(of: .string, count: 1...10_000)
                }
                return declaration
            }
        ) { _, _ in nil }
        let (decoded, diagnostics) = TopologyFile.decode(
            text: Array(Self.file(functions: 10_000).utf8), file: "large.yaml", variables: [:], machine: .unknown,
            programs: programs)
        #expect(diagnostics == [])
        let topology = try #require(decoded)
        #expect(topology.functions.count == 10_001)
        #expect(topology.links.count == 1024 + 1 + 3_000 * 11)
    }

    /// A chain of that length would overflow the stack of a recursion.
    @Test func longPathsAndLongRoundsAreChecked() {
        let count = 20_000
        var text = "version: 1\ninterfaces: { lan: { device: a } }\nnfs:\n"
        for index in 0..<count { text += "  n\(index): { program: firewall }\n" }
        text += "  trash: { program: sink }\nlinks:\n  - lan -> n0\n"
        for index in 0..<count {
            text += "  - n\(index)[accept] -> n\((index + 1) % count)\n  - n\(index)[deny] -> trash\n"
        }
        let (topology, messages) = TopologyFixtures.decode(text)
        #expect(topology?.links.count == 1 + 2 * count)
        #expect(messages.count == 1)
        #expect(messages.first?.contains("packets from here can come back to 'n0'") == true)
    }

    /// A place in a long text costs a walk through it, and there is one for each name.
    @Test(.timeLimit(.minutes(1)), arguments: ["x -> ", "-> ", "pass:1 -> ", "pass[no] -> ", "pass "])
    func aLongTextOfFaultsIsGivenUp(repeated: String) {
        let text = String(repeating: repeated, count: 40_000)
        let (topology, messages) = TopologyFixtures.decode(
            "version: 1\nnfs: { pass: { program: forward } }\nlinks: [ 'pass -> \(text)x' ]\n")
        #expect(topology == nil)
        #expect((100...101).contains(messages.count))
    }

    @Test(.timeLimit(.minutes(1))) func aLongTextOfManyAliasesIsGivenUp() {
        let text = String(repeating: "pass -> ", count: 30_000)
        let aliases = String(repeating: ", *a", count: 200_000)
        let (topology, messages) = TopologyFixtures.decode(
            "version: 1\nnfs: { pass: { program: forward } }\nlinks: [ &a '\(text)pass'\(aliases) ]\n")
        #expect(topology == nil)
        #expect(messages.contains { $0.contains("more than 8388608 bytes of links") })
    }

    @Test func howManyFindingsAreNotShownIsSaid() {
        let functions = (0..<130).map { "  n\($0): { program: none\($0) }\n" }.joined()
        let (topology, messages) = TopologyFixtures.decode("version: 1\nnfs:\n\(functions)links: [ 'n0 -> n1' ]\n")
        #expect(topology == nil)
        #expect(messages.count == 101)
        #expect(messages.contains("error: 160 more findings are not shown"))
    }
}
