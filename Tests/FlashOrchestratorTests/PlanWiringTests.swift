// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashOrchestrator

@Suite struct PlanWiringTests {
    private func wire(_ topology: Topology, sources: Set<String> = []) -> [LinkSource: WiredLink] {
        let functions = Dictionary(
            uniqueKeysWithValues: topology.functions.map { ($0.name, FunctionID(name: $0.name)) })
        return Wiring.links(of: topology, functions: functions, sources: sources)
    }

    private func texts(_ link: WiredLink?) -> [String] {
        (link?.hops ?? []).map { "\(text($0.source)) > \(text($0.target))" }
    }

    private func text(_ end: HopEnd) -> String {
        switch end {
        case .queue(let queue): queue.description
        case .thread(let thread): thread.description
        }
    }

    @Test func quickstartHasThreeRings() {
        let links = wire(Fixtures.quickstart())
        #expect(links.count == 7)
        #expect(links.values.reduce(0) { $0 + $1.ringCount } == 3)
        let lan = LinkSource(head: .queue(QueueID(interface: "lan", queue: 0)))
        #expect(texts(links[lan]) == ["lan:0 > firewall/0"])
        #expect(texts(links[lan.following(function: "count", visit: 0)]) == ["count/0 > wan:0"])
        #expect(texts(links[.first(function: "firewall", output: 1)]) == ["firewall/0 > trash/0"])
    }

    @Test func queuesGoRoundTheThreadsByPosition() {
        let topology = Topology(
            name: "t", interfaces: [Interface(name: "lan", device: "d0", queues: [2, 5, 7])],
            functions: [Fixtures.function("a", threads: 2)],
            links: Fixtures.path("lan:2", "a", "lan:2,5,7") + Fixtures.path("lan:5", "a", "lan:2,5,7")
                + Fixtures.path("lan:7", "a", "lan:2,5,7"))
        let links = wire(topology)
        let heads = [2, 5, 7].map { LinkSource(head: .queue(QueueID(interface: "lan", queue: $0))) }
        #expect(heads.map { texts(links[$0]) } == [["lan:2 > a/0"], ["lan:5 > a/1"], ["lan:7 > a/0"]])
        #expect(texts(links[heads[1].following(function: "a", visit: 0)]) == ["a/1 > lan:5"])
    }

    @Test func manyThreadsMeetFewAndFewSpreadToMany() {
        let topology = Topology(
            name: "t",
            functions: [
                Fixtures.function("gen", "generator", threads: 3), Fixtures.function("a", threads: 2),
                Fixtures.function("b", threads: 3),
            ], links: Fixtures.path("gen", "a", "b"))
        let links = wire(topology, sources: ["gen"])
        let head = LinkSource.first(function: "gen", output: 0)
        #expect(texts(links[head]) == ["gen/0 > a/0", "gen/1 > a/1", "gen/2 > a/0"])
        #expect(
            texts(links[head.following(function: "a", visit: 0)]) == [
                "a/0 > b/0", "a/0 > b/1", "a/0 > b/2", "a/1 > b/0", "a/1 > b/1", "a/1 > b/2",
            ])
    }

    @Test func onlyThreadsThatPacketsReachAreWired() {
        let topology = Topology(
            name: "t", interfaces: [Interface(name: "lan", device: "d0")],
            functions: [
                Fixtures.function("a", "firewall", threads: 4), Fixtures.function("b", threads: 4),
                Fixtures.function("never"),
            ],
            links: Fixtures.path("lan:0", "a", "b", "lan:0") + Fixtures.path("a[1]", "b", "lan:0")
                + Fixtures.path("never[1]", "b", "lan:0"))
        let links = wire(topology)
        let lan = LinkSource(head: .queue(QueueID(interface: "lan", queue: 0)))
        #expect(texts(links[lan.following(function: "a", visit: 0)]) == ["a/0 > b/0"])
        #expect(texts(links[.first(function: "a", output: 1)]) == ["a/0 > b/0"])
        #expect(texts(links[.first(function: "never", output: 1)]) == [])
    }

    @Test func outputsThatFeedEachOtherInACircleEnd() {
        let topology = Topology(
            name: "t", interfaces: [Interface(name: "lan", device: "d0")],
            functions: [
                Fixtures.function("a", "firewall", threads: 2), Fixtures.function("b", "firewall", threads: 3),
            ],
            links: Fixtures.path("lan:0", "a", "lan:0") + Fixtures.path("a[1]", "b", "lan:0")
                + Fixtures.path("b[1]", "a", "lan:0"))
        let links = wire(topology)
        #expect(texts(links[.first(function: "a", output: 1)]).count == 6)
        #expect(
            texts(links[.first(function: "b", output: 1)]) == ["b/0 > a/0", "b/1 > a/1", "b/2 > a/0"])
    }

    @Test func aPathMayVisitAnNFTwice() {
        let topology = Topology(
            name: "t", interfaces: [Interface(name: "lan", device: "d0")],
            functions: [Fixtures.function("a"), Fixtures.function("b")],
            links: Fixtures.path("lan:0", "a", "b", "a", "lan:0"))
        let links = wire(topology)
        let lan = LinkSource(head: .queue(QueueID(interface: "lan", queue: 0)))
        #expect(links[lan.following(function: "b", visit: 0)]?.hops.map(\.visit) == [1])
        #expect(texts(links[lan.following(function: "a", visit: 1)]) == ["a/0 > lan:0"])
    }

    @Test func memoryShrinksItsRingsBeforeItGrows() throws {
        #expect(try MemoryPlanner.plan(request: MemoryRequest(), rings: 3, ports: 0, queues: 2).ringCapacity == 2048)
        #expect(try MemoryPlanner.plan(request: MemoryRequest(), rings: 64, queues: 0).ringCapacity == 512)
        #expect(try MemoryPlanner.plan(request: MemoryRequest(), rings: 4096, queues: 0).ringCapacity == 256)
        let given = try MemoryPlanner.plan(request: MemoryRequest(frames: 16_384), rings: 3, ports: 0, queues: 2)
        #expect(given.frames == 16_384)
        #expect(throws: PlanError.tooFewFrames(given: 8192, needed: 13568, rings: 3, ports: 0, queues: 2)) {
            try MemoryPlanner.plan(request: MemoryRequest(frames: 8192), rings: 3, ports: 0, queues: 2)
        }
    }

    @Test func whatWasLostIsMadeAnewWithinWhatIsFree() {
        #expect(MemoryPlanner.capacity(ofLost: 2, free: 8192, largest: 2048) == 2048)
        #expect(MemoryPlanner.capacity(ofLost: 2, free: 2944, largest: 2048) == 512)
        #expect(MemoryPlanner.capacity(ofLost: 2, free: 300, largest: 2048) == 256)
        #expect(MemoryPlanner.capacity(ofLost: 0, free: 0, largest: 512) == 512)
    }
}
