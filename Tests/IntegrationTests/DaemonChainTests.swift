// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import Testing

/// The daemon with real namespaces, devices, sockets and workers.
@Suite(.serialized) struct DaemonChainTests {
    static func quickstart(_ name: String, rules: String = "deny tcp to 10.77.0.2 port 23") -> String {
        """
        version: 1
        name: \(name)
        interfaces:
          lan: { device: \(name)-lan }
          wan: { device: \(name)-wan }
        nfs:
          firewall: { program: firewall, config: { default: accept, rules: [ "\(rules)" ] } }
          count: { program: counter }
          trash: { program: sink }
        links:
          - lan:0 -> firewall -> count -> wan:0
          - wan:0 -> count -> firewall -> lan:0
          - firewall[deny] -> trash
        lab:
          hosts:
            client: { interface: lan, address: 10.77.0.1/24 }
            server: { interface: wan, address: 10.77.0.2/24 }
        """
    }

    /// Packets of the client that the server did not answer.
    private func lost(_ topology: String, count: Int = 20) -> Int {
        Ping.lost(inHost("\(topology)-client", Ping.command("10.77.0.2", count: count)) ?? "", of: count)
    }

    @Test func quickstartComesUpAndGoes() async throws {
        try await DaemonHarness.run("up") { harness in
            let reply = try await harness.apply(Self.quickstart("fda"))
            #expect(reply.outcome == .done, "\(reply)")
            #expect(lost("fda") == 0)
            let status = try await harness.status("fda")
            #expect(status.state == .running)
            #expect(status.frames.missing == 0 && status.frames.duplicated == 0)
            let isProven = status.links.allSatisfy(\.isProven)
            #expect(isProven)
            let isRead = status.queues.allSatisfy { $0.isAttached && $0.redirected >= 20 }
            #expect(isRead)

            // Echo requests of 98 bytes: the bytes that come in are those that pass and go out.
            func bytes(_ source: String, _ target: String) -> UInt64? {
                status.links.first { $0.source == source && $0.target == target && $0.path == "lan:0" }?.bytes
            }
            let passed = try #require(bytes("lan:0", "firewall"))
            #expect(passed >= 20 * 98)
            #expect(bytes("firewall", "count") == passed && bytes("count", "wan:0") == passed)
            #expect(status.queues.map(\.received.bytes) == status.queues.map(\.sent.bytes))

            #expect(inHost("fda-client", ["timeout", "0.2", "bash", "-c", "echo > /dev/tcp/10.77.0.2/23"]) == nil)
            #expect(try await harness.nf("trash", in: "fda").received.packets > 0)

            #expect(try await harness.apply(Self.quickstart("fda")).outcome == .unchanged)
            let down = try await harness.daemon.down(DownRequest(name: "fda")) { _ in }
            #expect(down.outcome == .done)
            #expect(!Device.exists("fda-lan") && !NetworkNamespace.exists("fda-client"))
            #expect(try await harness.daemon.topologies().topologies.isEmpty)
        }
    }

    @Test func countsBeginAnewWithTheMemory() async throws {
        try await DaemonHarness.run("anew") { harness in
            let text = """
                version: 1
                name: fdm
                umem: { frames: 8192 }
                nfs:
                  gen: { program: generator, config: { rate: 10000 } }
                  end: { program: sink }
                links: [ gen -> end ]
                """
            try await harness.apply(text)
            let isFlowing = try await harness.wait { try await harness.status("fdm").links[0].packets > 5000 }
            #expect(isFlowing)
            let reply = try await harness.apply(text.replacing("8192", with: "16384"))
            #expect(reply.outcome == .done, "\(reply)")
            #expect(try await harness.status("fdm").links[0].packets < 5000)
        }
    }

    @Test func aChangedRuleAndAChangedLinkRestartNobody() async throws {
        try await DaemonHarness.run("change") { harness in
            try await harness.apply(Self.quickstart("fdb"))
            let before = try await harness.status("fdb").nfs.map(\.pid)
            let changed = Self.quickstart("fdb", rules: "deny icmp")
                .replacing("lan:0 -> firewall -> count -> wan:0", with: "lan:0 -> count -> firewall -> wan:0")
            let reply = try await harness.apply(changed)
            #expect(reply.outcome == .done, "\(reply)")
            #expect(reply.packetsLost == 0)
            #expect(Set(reply.steps.map(\.kind)).isSubset(of: [.rewire, .reconfigure]))
            #expect(try await harness.status("fdb").nfs.map(\.pid) == before)
            #expect(lost("fdb", count: 2) == 2)
            #expect(try await harness.apply(Self.quickstart("fdb")).outcome == .done)
            #expect(lost("fdb") == 0)
        }
    }

    @Test func aKilledWorkerHasASuccessor() async throws {
        try await DaemonHarness.run("kill") { harness in
            try await harness.apply(Self.quickstart("fdc"))
            let old = try await harness.nf("firewall", in: "fdc")
            let others = try await harness.status("fdc").nfs.filter { $0.name != "firewall" }.map(\.pid)
            kill(pid_t(old.pid ?? 0), SIGKILL)
            let isReplaced = try await harness.wait {
                let new = try await harness.nf("firewall", in: "fdc")
                return new.pid != nil && new.pid != old.pid && new.restarts == 1
            }
            #expect(isReplaced)
            #expect(lost("fdc") == 0)
            let status = try await harness.status("fdc")
            #expect(status.state == .running)
            #expect(status.frames.missing == 0 && status.frames.duplicated == 0)
            #expect(status.nfs.filter { $0.name != "firewall" }.map(\.pid) == others)
        }
    }

    @Test func theNextDaemonTakesOver() async throws {
        try await DaemonHarness.run("adopt") { harness in
            try await harness.apply(Self.quickstart("fdd"))
            let before = try await harness.status("fdd").nfs.map(\.pid)
            try await harness.restart()
            let status = try await harness.status("fdd")
            #expect(status.nfs.map(\.pid) == before)
            #expect(status.state == .running, "\(status.differences)")
            #expect(status.frames.missing == 0 && status.frames.duplicated == 0)
            #expect(lost("fdd") == 0)
            #expect(try await harness.apply(Self.quickstart("fdd")).outcome == .unchanged)

            // One that died while no daemon was there comes back.
            kill(pid_t(before[0] ?? 0), SIGKILL)
            try await harness.restart()
            let runs = try await harness.wait { try await harness.status("fdd").state == .running }
            #expect(runs)
            #expect(lost("fdd") == 0)
            let changed = Self.quickstart("fdd").replacing("counter }", with: "counter, threads: 2 }")
            let reply = try await harness.apply(changed)
            #expect(reply.outcome == .done, "\(reply)")
            #expect(lost("fdd") == 0)
            #expect(try await harness.status("fdd").frames.missing == 0)
        }
    }

    @Test func aFailedStepLeavesTheOldChain() async throws {
        try await DaemonHarness.run("rollback") { harness in
            try await harness.apply(Self.quickstart("fde"))
            let before = try await harness.status("fde").nfs.map(\.pid)
            // A veth pair has no zero copy: the step after the one that makes the pair fails.
            let broken = Self.quickstart("fde")
                .replacing(
                    "    server: {", with: "    third: { interface: extra, address: 10.78.0.1/24 }\n    server: {"
                )
                .replacing("  wan: {", with: "  extra: { device: fde-extra, zero_copy: required }\n  wan: {")
                .replacing("firewall[deny] -> trash", with: "firewall[deny] -> trash\n  - extra:0 -> trash")
            let reply = try await harness.apply(broken)
            #expect(reply.outcome == .failed, "\(reply)")
            #expect(reply.failure?.step?.subject == "queue extra:0")
            #expect(!Device.exists("fde-extra"))
            #expect(try await harness.status("fde").nfs.map(\.pid) == before)
            #expect(lost("fde") == 0)
            #expect(try await harness.apply(Self.quickstart("fde")).outcome == .unchanged)
        }
    }

    /// The disk is full: what was done and cannot be recorded is undone.
    @Test func aStepThatCannotBeRecordedLeavesTheOldChain() async throws {
        try await DaemonHarness.run("full") { harness in
            try await harness.apply(Self.quickstart("fdp"))
            let before = try await harness.status("fdp").nfs
            let folder = harness.folder + "/topologies/fdp"
            let more = Self.quickstart("fdp")
                .replacing("  trash:", with: "  more: { program: forward }\n  trash:")
                .replacing("count -> wan:0", with: "count -> more -> wan:0")
            try Command(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", folder]).run()
            defer { _ = try? Command(["umount", "-l", folder]).run() }
            try Data(repeating: 1, count: 4096).write(to: URL(fileURLWithPath: folder + "/filler"))
            let reply = try await harness.apply(more)
            #expect(reply.outcome == .failed, "\(reply)")
            #expect(reply.failure?.message.contains("No space left") == true, "\(reply)")
            let after = try await harness.status("fdp")
            #expect(after.nfs.map(\.pid) == before.map(\.pid))
            #expect(after.state == .running && after.frames.missing == 0, "\(after.differences)")
            #expect(lost("fdp") == 0)

            try FileManager.default.removeItem(atPath: folder + "/filler")
            try Command(["mount", "-o", "remount,size=1m", folder]).run()
            let second = try await harness.apply(more)
            #expect(second.outcome == .done, "\(second)")
            #expect(lost("fdp") == 0)
        }
    }

    @Test func aDeviceThatVanishesIsSeenAndMadeAgain() async throws {
        try await DaemonHarness.run("vanish") { harness in
            try await harness.apply(Self.quickstart("fdm"))
            let before = try await harness.status("fdm").nfs.map(\.pid)
            try Command(["ip", "link", "delete", "fdm-lan"]).run()
            let status = try await harness.status("fdm")
            #expect(status.state == .degraded)
            #expect(status.differences.map(\.subject) == ["host client", "interface lan"])
            let reply = try await harness.apply(Self.quickstart("fdm"))
            #expect(reply.outcome == .done, "\(reply)")
            #expect(reply.stays.contains("interface wan"))
            #expect(lost("fdm") == 0)
            #expect(try await harness.status("fdm").nfs.map(\.pid) == before)
            #expect(try await harness.status("fdm").frames.missing == 0)

            try Command(["ip", "link", "delete", "fdm-wan"]).run()
            let down = try await harness.daemon.down(DownRequest(name: "fdm")) { _ in }
            #expect(down.outcome == .done, "\(down)")
            #expect(!NetworkNamespace.exists("fdm-client") && !NetworkNamespace.exists("fdm-server"))
        }
    }

    @Test func aHeldDeviceIsAConflict() async throws {
        try await DaemonHarness.run("conflict") { harness in
            try await harness.apply(Self.quickstart("fdf"))
            let other = Self.quickstart("fdg").replacing("fdg-lan", with: "fdf-lan")
            await #expect(throws: ServiceError.self) { try await harness.apply(other) }
            #expect(try await harness.daemon.topologies().topologies.map(\.name) == ["fdf"])
            #expect(lost("fdf") == 0)
        }
    }

    /// Packets carry numbers: the sink counts what is missing, late or doubled.
    @Test func noPacketIsLostWhileLinksThreadsAndParametersChange() async throws {
        try await DaemonHarness.run("flow") { harness in
            func chain(_ path: String, threads: Int = 1, more: String = "") -> String {
                """
                version: 1
                name: fdh
                nfs:
                  gen: { program: generator, config: { rate: 20000, flows: 1 } }
                  a: { program: forward, threads: \(threads) }
                  b: { program: forward\(more) }
                  c: { program: counter }
                  end: { program: sink }
                links:
                  - gen -> \(path) -> end
                """
            }
            try await harness.apply(chain("a -> b -> c"))
            let flows = try await harness.wait { try await harness.nf("end", in: "fdh").received.packets > 100 }
            #expect(flows)
            for (path, threads) in [("a -> c -> b", 1), ("c -> b -> a", 1), ("a -> b -> c", 2), ("a -> b -> c", 1)] {
                let reply = try await harness.apply(chain(path, threads: threads))
                #expect(reply.outcome == .done, "\(reply)")
                #expect(reply.packetsLost == 0)
                let seen = try await harness.nf("end", in: "fdh").received.packets
                let flows = try await harness.wait {
                    try await harness.nf("end", in: "fdh").received.packets > seen + 100
                }
                #expect(flows)
            }
            let old = try await harness.nf("b", in: "fdh")
            let restart = try await harness.apply(chain("a -> b -> c", more: ", cpus: [0]"))
            #expect(restart.steps.map(\.kind) == [.restart])
            #expect(restart.outcome == .done && restart.packetsLost == 0)
            let new = try await harness.nf("b", in: "fdh")
            #expect(new.pid != old.pid && new.restarts == 0)

            let end = try await harness.nf("end", in: "fdh")
            #expect(end.counters["duplicates"] == 0)
            #expect(end.counters["skipped"] == 0)
            // On the move a frame may be seen twice or not at all; one that is lost or doubled stays so.
            let isWhole = try await harness.wait {
                let frames = try await harness.status("fdh").frames
                return frames.missing == 0 && frames.duplicated == 0
            }
            #expect(isWhole)
        }
    }
}
