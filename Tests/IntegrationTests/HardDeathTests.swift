// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Synchronization
import Testing

/// A daemon is killed at every step of what it carries out. The next one takes over: what was applied before runs again, or
/// nothing is left where nothing was, and an apply succeeds.
@Suite(.serialized) struct HardDeathTests {
    /// The steps at which it is killed: each, or each Nth from a random one on where the environment has FLASH_KILL_EVERY=N.
    private static var moments: StrideTo<Int> {
        let every = ProcessInfo.processInfo.environment["FLASH_KILL_EVERY"].flatMap(Int.init) ?? 1
        return stride(from: Int.random(in: 0..<max(every, 1)), to: 100, by: max(every, 1))
    }

    private static func topology(_ nfs: String, links: String..., mode: String = "native", address: Int = 2) -> String {
        """
        version: 1
        name: hard
        interfaces: { left: { device: it-left }, right: { device: it-right, mode: \(mode) } }
        nfs:
          source: { program: generator, config: { rate: 20000 } }
          m: { program: forward }
          end: { program: sink, config: { measure: true } }
          \(nfs)
        links:
        \(links.map { "  - \($0)" }.joined(separator: "\n"))
        lab:
          hosts:
            one: { interface: left, address: 10.96.0.1/24 }
            two: { interface: right, address: 10.96.0.\(address)/24 }

        """
    }

    private static let base = topology(
        "a: { program: forward }\n  b: { program: counter }", links: "left:0 -> a -> right:0",
        "right:0 -> b -> left:0", "source -> m -> end")

    /// Readers of queues change, one NF comes and one goes.
    private static let rewired = topology(
        "a: { program: forward }\n  c: { program: forward }", links: "left:0 -> c -> a -> right:0",
        "right:0 -> a -> left:0", "source -> c -> m -> end")

    /// An interface and its host are made anew, and an NF is started again.
    private static let recreated = topology(
        "a: { program: forward, threads: 2 }\n  b: { program: counter }", links: "left:0 -> a -> right:0",
        "right:0 -> b -> left:0", "source -> a -> m -> end", mode: "generic", address: 3)

    /// Carries out `operation`, and kills the daemon at its `moment`th event. False where there are fewer.
    private func kill(
        at moment: Int, _ bench: TestBench,
        _ operation: (DaemonClient, @escaping @Sendable (ProgressEvent) -> Void) async throws -> ApplyReply
    ) async throws -> Bool {
        let daemon = try await bench.daemon().pid
        let seen = Mutex(0)
        let client = DaemonClient(socket: bench.directory + "/flash-orch.sock")
        _ = try? await operation(client) { event in
            switch event {
            case .started, .proving:
                let number = seen.withLock { seen in
                    defer { seen += 1 }
                    return seen
                }
                if number == moment { Foundation.kill(pid_t(daemon), SIGKILL) }
            default: break
            }
        }
        guard seen.withLock({ $0 }) > moment else { return false }
        try await eventually("the daemon ends") { !isRunning(daemon) }
        return true
    }

    /// All that its status lists runs, and packets pass.
    private func expectWhole(_ bench: TestBench, _ moment: Int) async throws {
        let status = try await bench.status("hard")
        status.expectHealthy()
        let end = try status.nf("end")
        #expect(end.counters["duplicates"] ?? 0 == 0, "after a death at moment \(moment)")
        try await eventually("packets arrive after a death at moment \(moment)") {
            try await bench.status("hard").nf("end").received.packets > end.received.packets
        }
        let far = try #require(status.hosts.first { $0.name == "two" }?.address.split(separator: "/").first)
        // A host that was made anew has another address on the link.
        try await bench.host("one", "ip", "neighbour", "flush", "dev", "eth0").expecting()
        let lost = try await Traffic.ping(bench, from: "one", to: String(far), count: 5)
        #expect(lost == 0, "after a death at moment \(moment)")
    }

    private func names(_ bench: TestBench) async throws -> [String] {
        let report: StatusReport = try await bench.flashOrch("status", "-o", "json").expecting().json()
        return report.topologies.map(\.name)
    }

    @Test func duringTheFirstApply() async throws {
        for moment in Self.moments {
            var isOver = false
            try await TestBench.with { bench in
                try await bench.startDaemon()
                let before = try await Leftovers.take().withoutProcesses
                let isKilled = try await kill(at: moment, bench) { client, progress in
                    try await client.apply(
                        ApplyRequest(topology: TopologyRequest(text: Self.base, file: "-")), progress: progress)
                }
                guard isKilled else {
                    isOver = true
                    return
                }
                try await bench.startDaemon()
                if try await names(bench).isEmpty {
                    #expect(try await Leftovers.take().withoutProcesses == before, "after a death at moment \(moment)")
                } else {
                    try await expectWhole(bench, moment)
                }
                try await bench.apply(Self.base)
                try await expectWhole(bench, moment)
            }
            if isOver { return }
        }
    }

    @Test(arguments: [rewired, recreated])
    func duringAChange(to text: String) async throws {
        try await TestBench.with { bench in
            try await bench.startDaemon()
            for moment in Self.moments {
                try await bench.apply(Self.base)
                let isKilled = try await kill(at: moment, bench) { client, progress in
                    try await client.apply(
                        ApplyRequest(topology: TopologyRequest(text: text, file: "-")), progress: progress)
                }
                guard isKilled else { break }
                try await bench.startDaemon()
                try await expectWhole(bench, moment)
                try await bench.apply(text)
                try await expectWhole(bench, moment)
            }
        }
    }

    @Test func duringADown() async throws {
        try await TestBench.with { bench in
            try await bench.startDaemon()
            for moment in Self.moments {
                try await bench.apply(Self.base)
                let isKilled = try await kill(at: moment, bench) { client, progress in
                    try await client.down(name: "hard", progress: progress)
                }
                guard isKilled else { break }
                try await bench.startDaemon()
                if try await !names(bench).isEmpty { try await expectWhole(bench, moment) }
            }
        }
    }
}

extension Leftovers {
    fileprivate var withoutProcesses: Leftovers {
        var copy = self
        copy.processes = []
        return copy
    }
}
