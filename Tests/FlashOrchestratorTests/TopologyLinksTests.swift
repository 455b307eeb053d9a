// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

/// What links mean: their identity, their expansion, and the checks of the graph.
@Suite struct TopologyLinksTests {
    private static let nfs = """
          fw: { program: firewall }
          count: { program: counter }
          trash: { program: sink }
        """

    private func links(_ lines: String...) -> (links: [Link]?, messages: [String]) {
        let text = TopologyFixtures.file(
            nfs: Self.nfs, links: lines.map { "  - \($0)" }.joined(separator: "\n"),
            interfaces: "  lan: { device: a, queues: [1, 3] }\n  wan: { device: b }")
        let (topology, messages) = TopologyFixtures.decode(text)
        return (topology?.links, messages)
    }

    @Test func interfaceWithoutQueueIsAllItsQueues() throws {
        let (decoded, messages) = links(
            "lan -> fw -> count -> wan", "wan:0 -> count -> lan", "fw[deny] -> trash")
        #expect(messages == [])
        let links = try #require(decoded)
        for queue in [1, 3] {
            let head = PathHead.queue(QueueID(interface: "lan", queue: queue))
            let path = links.filter { $0.source.head == head }
            #expect(
                path == [
                    Link(source: LinkSource(head: head), target: .function("fw")),
                    Link(source: LinkSource(head: head, function: "fw"), target: .function("count")),
                    Link(
                        source: LinkSource(head: head, function: "count"),
                        target: .queues(interface: "wan", queues: [0])),
                ])
        }
        let wan = PathHead.queue(QueueID(interface: "wan", queue: 0))
        #expect(
            links.last { $0.source.head == wan }?.target == .queues(interface: "lan", queues: [1, 3]))
    }

    @Test func visitsOfOneNFAreCounted() throws {
        let (decoded, messages) = links(
            "lan -> count -> fw -> count -> wan", "wan -> count -> count -> lan", "fw[1] -> count -> trash")
        #expect(messages == [])
        let links = try #require(decoded)
        let lan = PathHead.queue(QueueID(interface: "lan", queue: 1))
        #expect(
            links.filter { $0.source.head == lan }.map { ($0.source.function ?? "") + "\($0.source.visit)" }
                == ["0", "count0", "fw0", "count1"])
        #expect(Set(links.map(\.source)).count == links.count)
    }

    /// The first link of a path that begins at an output is the first visit of its NF.
    @Test func headIsAVisit() throws {
        let (decoded, messages) = links(
            "lan -> fw -> count -> wan", "wan -> count -> lan", "fw[deny] -> count -> fw -> trash")
        #expect(
            messages == [
                "12:5-13 warning: packets from here can come back to 'fw' (they go round until an NF drops them or sends them elsewhere)"
            ])
        let deny = PathHead.output(function: "fw", output: 1)
        #expect(
            try #require(decoded).filter { $0.source.head == deny } == [
                Link(source: LinkSource(head: deny, function: "fw", visit: 0, output: 1), target: .function("count")),
                Link(source: LinkSource(head: deny, function: "count", visit: 0), target: .function("fw")),
                Link(source: LinkSource(head: deny, function: "fw", visit: 1), target: .function("trash")),
            ])
    }

    @Test func linksMayBeWrittenHopByHop() throws {
        let (decoded, messages) = links(
            "lan -> fw", "fw -> count", "count -> wan", "wan -> fw", "fw[deny] -> trash")
        #expect(messages == [])
        let accept = PathHead.output(function: "fw", output: 0)
        #expect(
            try #require(decoded).contains(
                Link(source: LinkSource(head: accept, function: "fw", output: 0), target: .function("count"))))
    }

    @Test func outputMayBeANumberOrAName() {
        let byName = links("lan -> fw -> wan", "wan -> count -> lan", "fw[deny] -> trash").links
        let byNumber = links("lan -> fw -> wan", "wan -> count -> lan", "fw[ 1 ] -> trash").links
        #expect(byName != nil && byName == byNumber)
    }

    /// One mistake, one message: what a faulty link names is not reported as missing too.
    @Test(arguments: [
        (
            "lan -> fw -> conut -> wan",
            "10:18-23 error: no interface and no NF 'conut' in this file (did you mean 'count'?)"
        ),
        (
            "lan -> fw => count -> wan",
            "10:15-17 error: expected '->', found '=>' (a path is written like 'lan:0 -> firewall -> wan:0')"
        ),
        ("lan:2 -> fw -> count -> wan", "10:5-10 error: interface 'lan' has no queue 2 (it has 1, 3)"),
        (
            "lan -> fw -> count -> wan[0]",
            "10:30-33 error: 'wan' is an interface: it has queues, not outputs (write 'wan:0', or 'wan' for all queues)"
        ),
    ])
    func faultyLinkGivesOneMessage(link: String, message: String) {
        #expect(links(link, "wan -> lan:1", "fw[deny] -> trash").messages.filter { $0.hasPrefix("10:") } == [message])
        #expect(links(link, "fw[deny] -> trash").messages == [message])
    }

    @Test func faultyProgramSilencesWhatDependsOnIt() {
        let text = TopologyFixtures.file(
            nfs: "  lb: { program: maglev, config: { backends: [] } }\n  x: { program: nothing }",
            links: "  - lan -> lb\n  - lb[anything] -> wan\n  - lb[2] -> x -> wan\n  - wan -> x[3] -> lan",
            interfaces: "  lan: { device: a }\n  wan: { device: b }")
        let messages = TopologyFixtures.decode(text).messages
        #expect(
            messages == [
                "6:46-48 error: 'backends' must have at least 1 element, found 0",
                "7:17-24 error: unknown program 'nothing' (programs are counter, firewall, forward, generator, maglev, sink)",
                "12:12-16 error: an output can only stand at the beginning of a link (write two links: end this one at 'x', and begin the other with 'x[3]')",
            ])
    }

    @Test func outputOfAnNFWhosePathsEndThereNeedsALink() {
        let (_, messages) = links("lan -> fw", "wan -> count -> lan", "fw[deny] -> trash")
        #expect(
            messages == [
                "10:12-14 error: the path ends at 'fw', whose output 'accept' leads nowhere (let the path go on to a queue, or to an NF with 'program: sink')"
            ])
    }

    @Test func defaultOutputHasOnePlace() {
        let (_, messages) = links(
            "lan -> fw -> wan", "wan -> fw", "fw -> count -> lan", "fw[deny] -> trash", "fw[1] -> trash")
        #expect(
            messages == [
                "12:5-7 error: output 'accept' of 'fw' already leads to 'wan', on the path of line 10 (a path names the way of output 0; end it at 'fw', or remove this link)",
                "14:5-10 error: output 'deny' of 'fw' already leads to 'trash', in line 13 (an output leads to one place)",
            ])
    }

    @Test func manyUnknownNamesCostNoManySuggestions() {
        let lines = (0..<200).map { "  - lan -> conut\($0 % 10) -> wan" }.joined(separator: "\n")
        let text = TopologyFixtures.file(
            nfs: Self.nfs, links: lines, interfaces: "  lan: { device: a }\n  wan: { device: b }")
        let messages = TopologyFixtures.decode(text).messages
        #expect(messages.count { $0.contains("no NF 'conut") } == 100)
        #expect(messages.count { $0.contains("did you mean 'count'?") } == 64)
    }
}
