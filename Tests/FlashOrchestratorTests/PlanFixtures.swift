// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

@testable import FlashOrchestrator

/// Short ways to write topologies in tests.
enum Fixtures {
    static let declarations: [String: ProgramDeclaration] = [
        "forward": ProgramDeclaration(
            name: "forward", summary: "", outputs: .fixed(["out"]),
            parameters: [.init(name: "fixed", summary: "", type: .string, isLive: false)]),
        "firewall": ProgramDeclaration(
            name: "firewall", summary: "", outputs: .fixed(["accept", "deny"]),
            parameters: [.init(name: "rules", summary: "", type: .string)]),
        "triple": ProgramDeclaration(name: "triple", summary: "", outputs: .fixed(["a", "b", "c"])),
        "generator": ProgramDeclaration(name: "generator", summary: "", isSource: true, outputs: .fixed(["out"])),
        "sink": ProgramDeclaration(name: "sink", summary: "", outputs: .fixed([])),
    ]

    static var surroundings: Surroundings {
        Surroundings(devices: ["d0": 8, "d1": 8, "d2": 8]) { declarations[$0] }
    }

    /// Of a machine with a FLASH kernel.
    static var flashSurroundings: Surroundings {
        var surroundings = surroundings
        surroundings.flashKernel = .usable
        return surroundings
    }

    static func function(
        _ name: String, _ program: String = "forward", threads: Int = 1, _ values: [String: ParameterValue] = [:]
    ) -> Function {
        Function(name: name, program: program, configuration: ProgramConfiguration(values), threads: threads)
    }

    /// Links of a path: words are NFs, `x:0` are queues, `x[1]` at the beginning is another output.
    static func path(_ words: String...) -> [Link] { path(words) }

    static func path(_ words: [String]) -> [Link] {
        var links: [Link] = []
        var visits: [String: Int] = [:]
        let (head, first) = source(words[0])
        var source = first
        if let function = first.function { visits[function] = 1 }
        for word in words.dropFirst() {
            if word.contains(":") {
                let parts = word.split(separator: ":")
                let queues = parts[1].split(separator: ",").compactMap { Int($0) }
                links.append(Link(source: source, target: .queues(interface: String(parts[0]), queues: queues)))
            } else {
                links.append(Link(source: source, target: .function(word)))
                source = LinkSource(head: head, function: word, visit: visits[word, default: 0])
                visits[word, default: 0] += 1
            }
        }
        return links
    }

    private static func source(_ word: String) -> (PathHead, LinkSource) {
        if word.contains(":") {
            let parts = word.split(separator: ":")
            let head = PathHead.queue(QueueID(interface: String(parts[0]), queue: Int(parts[1]) ?? 0))
            return (head, LinkSource(head: head))
        }
        let parts = word.split(whereSeparator: { "[]".contains($0) })
        let output = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let source = LinkSource.first(function: String(parts[0]), output: output)
        return (source.head, source)
    }

    static func quickstart(on datapath: DatapathChoice = .shared) -> Topology {
        Topology(
            name: "quickstart", datapath: datapath,
            interfaces: [Interface(name: "lan", device: "d0"), Interface(name: "wan", device: "d1")],
            functions: [function("firewall", "firewall"), function("count"), function("trash", "sink")],
            links: path("lan:0", "firewall", "count", "wan:0") + path("wan:0", "count", "firewall", "lan:0")
                + path("firewall[1]", "trash"))
    }
}

/// A small generator of random numbers that a seed determines (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension Topology {
    /// Some valid topology with few names, so that two of them have much in common.
    static func random(
        using generator: inout SeededGenerator, on datapath: DatapathChoice = .shared
    ) -> Topology {
        let pool = ["a", "b", "c", "d"]
        var functions: [Function] = []
        for name in pool where Int.random(in: 0..<4, using: &generator) > 0 {
            functions.append(
                Fixtures.function(
                    name, ["forward", "firewall"].randomElement(using: &generator) ?? "forward",
                    threads: Int.random(in: 1...3, using: &generator),
                    ["rules": .string(["x", "y"].randomElement(using: &generator) ?? "x")]))
        }
        if functions.isEmpty { functions = [Fixtures.function("a")] }
        let names = functions.map(\.name)
        let mode: Interface.Mode = Int.random(in: 0..<5, using: &generator) == 0 ? .generic : .native
        var interfaces: [Interface] = []
        var links: [Link] = []
        for (name, device) in [("lan", "d0"), ("wan", "d1")] {
            let queues = Array(0..<Int.random(in: 1...3, using: &generator))
            interfaces.append(Interface(name: name, device: device, queues: queues, mode: mode))
            for queue in queues {
                var words = ["\(name):\(queue)"]
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    words.append(names.randomElement(using: &generator) ?? "a")
                }
                let end = Int.random(in: 0..<3, using: &generator)
                if end == 0 { words.append("trash") } else { words.append(name == "lan" ? "wan:0" : "lan:0") }
                links += Fixtures.path(words)
            }
        }
        for function in functions where function.program == "firewall" {
            if Bool.random(using: &generator) { links += Fixtures.path("\(function.name)[1]", "trash") }
        }
        if Bool.random(using: &generator) {
            functions.append(
                Fixtures.function("gen", "generator", threads: Int.random(in: 1...2, using: &generator)))
            links += Fixtures.path(["gen", names[0], "trash"])
        }
        functions.append(Fixtures.function("trash", "sink", threads: Int.random(in: 1...2, using: &generator)))
        return Topology(
            name: "random", datapath: datapath,
            memory: MemoryRequest(frames: Int.random(in: 0..<6, using: &generator) == 0 ? 262_144 : nil),
            interfaces: interfaces, functions: functions, links: links)
    }
}
