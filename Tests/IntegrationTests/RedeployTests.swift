// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import Testing

/// Editing a file and applying it again touches only what differs, and loses no packet.
@Suite(.serialized) struct RedeployTests {
    /// A measured stream of packets; `middle` is what it passes through. Of a and b, what it does not pass through is
    /// kept busy by one packet a second from `idle`.
    private func stream(_ middle: String..., functions: String = "") -> String {
        let rest = ["a", "b"].filter { !middle.contains($0) }
        return """
            version: 1
            name: stream
            nfs:
              source: { program: generator, config: { rate: 20000 } }
              idle: { program: generator, config: { rate: 1, first_flow: 1 } }
              a: { program: forward }
              b: { program: forward }
              end: { program: sink, config: { measure: true } }
            \(functions)
            links:
              - \((["source"] + middle + ["end"]).joined(separator: " -> "))
              - \((["idle"] + rest + ["end"]).joined(separator: " -> "))

            """
    }

    /// Packets that the sink knows to be missing.
    private func missing(_ status: TopologyStatus) throws -> UInt64 {
        let end = try status.nf("end")
        return (end.counters["skipped"] ?? 0) - min(end.counters["late"] ?? 0, end.counters["skipped"] ?? 0)
    }

    private func flows(_ bench: TestBench) async throws {
        let before = try await bench.status("stream").nf("end").counters["measured"] ?? 0
        try await eventually("packets arrive") {
            try await bench.status("stream").nf("end").counters["measured"] ?? 0 > before + 1000
        }
    }

    @Test func rewireLosesNothingAndRestartsNobody() async throws {
        try await TestBench.with { bench in
            try await bench.apply(stream("a"))
            try await flows(bench)
            let workers = try await bench.status("stream").workers
            for middle in ["b", "a", "b"] {
                let reply = try await bench.apply(stream(middle))
                #expect(reply.outcome == .done && reply.packetsLost == 0)
                // On the flash datapath a path has ports where it meets an NF.
                #expect(reply.steps.allSatisfy { $0.subject.hasPrefix("link ") || $0.subject.hasPrefix("port ") })
                try await flows(bench)
            }
            let status = try await bench.status("stream")
            status.expectHealthy()
            #expect(status.workers == workers)
            #expect(try missing(status) == 0)
            #expect(try status.nf("end").counters["duplicates"] ?? 0 == 0)
        }
    }

    @Test func newNFIsPutIntoTheChainWithoutLoss() async throws {
        try await TestBench.with { bench in
            try await bench.apply(stream("a"))
            try await flows(bench)
            let workers = try await bench.status("stream").workers
            let reply = try await bench.apply(stream("a", "c", functions: "  c: { program: counter }"))
            #expect(reply.packetsLost == 0)
            try await flows(bench)
            var status = try await bench.status("stream")
            #expect(try missing(status) == 0)
            #expect(status.workers.filter { $0.key != "c" } == workers)
            #expect(try await bench.apply(stream("a")).packetsLost == 0)
            try await flows(bench)
            status = try await bench.status("stream")
            status.expectHealthy()
            #expect(status.workers == workers)
            #expect(try missing(status) == 0)
        }
    }

    private func filter(_ rule: String, backends: String = "one, two") -> String {
        """
        version: 1
        name: filter
        interfaces: { left: { device: it-left }, right: { device: it-right } }
        nfs:
          wall: { program: firewall, config: { default: accept, rules: [ "\(rule)" ] } }
          spread: { program: maglev, config: { backends: [ \(backends) ] } }
          back: { program: forward }
          trash: { program: sink }
        links:
          - left:0 -> wall -> spread -> right:0
          - right:0 -> back -> left:0
          - wall[deny] -> trash
        \(backends.split(separator: ",").dropFirst().map { "  - spread[\($0.trimmingCharacters(in: .whitespaces))] -> right:0" }.joined(separator: "\n"))
        lab:
          hosts:
            one: { interface: left, address: 10.99.0.1/24 }
            two: { interface: right, address: 10.99.0.2/24 }

        """
    }

    @Test func liveParameterIsTakenWhileRunning() async throws {
        try await TestBench.with { bench in
            try await bench.apply(filter("deny tcp to 10.99.0.2 port 23"))
            #expect(try await Traffic.ping(bench, from: "one", to: "10.99.0.2") == 0)
            let workers = try await bench.status("filter").workers
            let reply = try await bench.apply(filter("deny icmp to 10.99.0.2"))
            #expect(reply.steps.map(\.kind) == [.reconfigure])
            #expect(reply.packetsLost == 0)
            #expect(try await Traffic.ping(bench, from: "one", to: "10.99.0.2", count: 3) == 3)
            try await bench.apply(filter("deny tcp to 10.99.0.2 port 23"))
            #expect(try await Traffic.ping(bench, from: "one", to: "10.99.0.2") == 0)
            #expect(try await bench.status("filter").workers == workers)
        }
    }

    @Test func otherParameterRestartsThatNFAlone() async throws {
        try await TestBench.with { bench in
            try await bench.apply(filter("deny tcp to 10.99.0.2 port 23"))
            let workers = try await bench.status("filter").workers
            try await bench.apply(filter("deny tcp to 10.99.0.2 port 23", backends: "one, two, three"))
            let status = try await bench.status("filter")
            status.expectHealthy()
            #expect(status.workers["spread"] != workers["spread"])
            #expect(status.workers.filter { $0.key != "spread" } == workers.filter { $0.key != "spread" })
            #expect(try await Traffic.ping(bench, from: "one", to: "10.99.0.2") == 0)
        }
    }

    /// The device of a new interface is held by somebody that this daemon does not know.
    @Test func failedStepIsUndone() async throws {
        try await TestBench.with { bench in
            let text = filter("deny tcp to 10.99.0.2 port 23")
            try await bench.apply(text)
            let before = try await bench.status("filter")
            let ping = try Traffic.startPing(bench, from: "one", to: "10.99.0.2")
            try await Traffic.answers(ping, more: 20)
            try await TestBench.with { other in
                try await other.apply(
                    """
                    version: 1
                    name: holder
                    interfaces: { held: { device: it-held } }
                    nfs: { trash: { program: sink } }
                    links: [ "held:0 -> trash" ]
                    lab: { hosts: { third: { interface: held, address: 10.97.0.1/24 } } }

                    """)
                let changed =
                    text
                    .replacing("{ device: it-right }", with: "{ device: it-right }, x: { device: it-held }")
                    .replacing("  trash:", with: "  extra: { program: counter }\n  trash:")
                    .replacing("  - wall[deny]", with: "  - x:0 -> extra -> trash\n  - wall[deny]")
                let failed = try await bench.flashOrch("apply", "-", "-o", "json", input: changed).expecting(1)
                let reply: ApplyReply = try failed.json()
                #expect(reply.outcome == .failed)
                #expect(reply.failure?.step?.subject == "interface x")
                #expect(failed.messages.contains("error: apply of filter failed at step "))
            }
            try await Traffic.answers(ping, more: 20)
            #expect(try await Traffic.stop(ping) == 0)
            let after = try await bench.status("filter")
            after.expectHealthy()
            #expect(after.workers == before.workers)
            #expect(try await bench.apply(text).outcome == .unchanged)
        }
    }

    /// The device of an interface is gone when the way back leads to it, as the new one is held by somebody else.
    @Test func rollbackThatFailsEndsWith3AndTheNextApplyRepairsIt() async throws {
        func text(_ device: String) -> String {
            """
            version: 1
            name: back
            interfaces: { left: { device: \(device) } }
            nfs: { trash: { program: sink } }
            links: [ "left:0 -> trash" ]

            """
        }
        try await TestBench.with { bench in
            for name in ["it-old", "it-new"] {
                try await run(["ip", "link", "add", name, "type", "veth", "peer", "name", name + "-p"]).expecting()
                for end in [name, name + "-p"] { try await run(["ip", "link", "set", end, "up"]).expecting() }
            }
            try await bench.apply(text("it-old"))
            let holder = try XDPProgram.attach(to: Device.find("it-new"), mode: .native)
            try await run(["ip", "link", "delete", "it-old"]).expecting()
            let failed = try await bench.flashOrch("apply", "-", "-o", "json", input: text("it-new")).expecting(3)
            let reply: ApplyReply = try failed.json()
            #expect(reply.outcome == .rollbackFailed)
            #expect(reply.failure?.message.contains("it-new has an XDP program already") == true, "\(reply)")
            #expect(reply.failure?.rollback.contains { $0.contains("it-old") } == true, "\(reply)")
            let status = try await bench.status("back")
            #expect(status.state == .failed)
            #expect(status.differences.contains { $0.help.contains("flash-orch down back") })

            try holder.detach()
            try await bench.apply(text("it-new"))
            try await bench.status("back").expectHealthy()
            try await bench.flashOrch("down", "back").expecting()
            try await run(["ip", "link", "delete", "it-new"]).expecting()
        }
    }
}
