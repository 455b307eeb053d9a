// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing

/// The main job: topologies/quickstart.yaml with real packets.
@Suite(.serialized) struct QuickstartTests {
    private var file: String { Programs.sources + "/topologies/quickstart.yaml" }

    @Test func pingPassesBothWays() async throws {
        try await TestBench.with { bench in
            let applied = try await bench.flashOrch("apply", file).expecting()
            #expect(applied.output.hasPrefix("applied quickstart in "))
            #expect(try await Traffic.ping(bench, from: "client", to: "10.10.0.2") == 0)
            #expect(try await Traffic.ping(bench, from: "server", to: "10.10.0.1") == 0)
            let status = try await bench.status("quickstart")
            status.expectHealthy()
            #expect(try status.nf("firewall").received.packets >= 80)
        }
    }

    @Test func tcpPassesBothWays() async throws {
        try await TestBench.with { bench in
            try await bench.flashOrch("apply", file).expecting()
            for reversed in [false, true] {
                let transfer = try await Traffic.tcp(
                    bench, from: "client", to: "server", at: "10.10.0.2", reversed: reversed)
                // What is still under way at the end is not counted as received.
                #expect(transfer.end.sent.bytes >= 20 << 20)
                #expect(transfer.end.received.bytes >= 10 << 20)
            }
            let status = try await bench.status("quickstart")
            status.expectHealthy()
            for nf in status.nfs where nf.name != "trash" { #expect(nf.drops == [:]) }
            for queue in status.queues { #expect(queue.drops == [:]) }
        }
    }

    @Test func denyRuleDenies() async throws {
        try await TestBench.with { bench in
            try await bench.flashOrch("apply", file).expecting()
            let listeners = try [23, 24].map {
                try bench.startInHost("server", "iperf3", "--server", "--port", String($0), "--forceflush")
            }
            for listener in listeners {
                try await eventually("iperf3 listens") { listener.output.contains("listening") }
            }
            #expect(try await Traffic.connects(bench, from: "client", to: "10.10.0.2", port: 24))
            let before = try await bench.status("quickstart")
            #expect(try before.nf("trash").received.packets == 0)
            #expect(before.links.first { $0.source == "firewall[deny]" }?.packets == 0)
            #expect(try await !Traffic.connects(bench, from: "client", to: "10.10.0.2", port: 23))
            let after = try await bench.status("quickstart")
            let denied = try after.nf("trash").received.packets
            #expect(denied > 0)
            #expect(after.links.first { $0.source == "firewall[deny]" }?.packets == denied)
        }
    }

    @Test func secondApplyIsUnchanged() async throws {
        try await TestBench.with { bench in
            let first = try await bench.flashOrch("plan", "--detailed-exitcode", file).expecting(5)
            #expect(first.output.contains("+ create nf firewall "))
            try await bench.flashOrch("apply", file).expecting()
            let workers = try await bench.status("quickstart").workers
            #expect(
                try await bench.flashOrch("apply", file).expecting().output
                    == "unchanged: quickstart runs as the file says\n")
            let plan = try await bench.flashOrch("plan", "--detailed-exitcode", file).expecting()
            #expect(plan.output == "nothing to do: quickstart runs as the file says\n")
            #expect(try await bench.status("quickstart").workers == workers)
        }
    }

    @Test func whatRunsIsShown() async throws {
        try await TestBench.with { bench in
            try await bench.flashOrch("apply", file).expecting()
            let text = try await bench.flashOrch("status").expecting().output
            #expect(text.hasPrefix("quickstart: running since "))
            #expect(text.contains("\nfirewall  firewall  running"))
            #expect(try await bench.flashOrch("graph", "quickstart").expecting().output.hasPrefix("flowchart LR\n"))
            try await bench.flashOrch("logs", "firewall").expecting()
            #expect(try await bench.host("client", "ip", "-o", "addr").expecting().output.contains("10.10.0.1/24"))
            #expect(try await bench.host("client", "false").status == 1)
            try await bench.flashOrch("exec", "nobody", "--", "true").expecting(2)
            try await bench.flashOrch("logs", "nothing").expecting(2)
            try await bench.flashOrch("down", "other").expecting(2)
            let down = try await bench.flashOrch("down", "quickstart").expecting()
            #expect(down.output.hasPrefix("removed quickstart in "))
            #expect(try await bench.flashOrch("status").expecting().output == "no topology runs\n")
        }
    }
}
