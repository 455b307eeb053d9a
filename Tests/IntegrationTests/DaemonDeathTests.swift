// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import Testing

/// Deaths of workers and of daemons, at moments that are hard to bear.
@Suite(.serialized) struct DaemonDeathTests {
    private static func chain(_ name: String, _ path: String, restart: String = "on-failure") -> String {
        """
        version: 1
        name: \(name)
        nfs:
          gen: { program: generator, config: { rate: 2000 } }
          a: { program: forward, restart: \(restart) }
          b: { program: counter }
          end: { program: sink }
        links:
          - gen -> \(path) -> end
        """
    }

    private func flows(_ harness: DaemonHarness, _ name: String) async throws -> Bool {
        let seen = try await harness.nf("end", in: name).received.packets
        return try await harness.wait { try await harness.nf("end", in: name).received.packets > seen + 20 }
    }

    @Test func aWorkerThatDiesAgainAndAgainIsGivenUpAndAnApplyStartsItAgain() async throws {
        try await DaemonHarness.run("giveup") { harness in
            try await harness.apply(Self.chain("fdi", "a -> b"))
            var killed = 0
            let isGivenUp = try await harness.wait(seconds: 20) {
                let nf = try await harness.nf("a", in: "fdi")
                if let pid = nf.pid {
                    kill(pid_t(pid), SIGKILL)
                    killed += 1
                }
                return nf.state == .failed
            }
            #expect(isGivenUp)
            let status = try await harness.status("fdi")
            #expect(status.state == .degraded)
            #expect(status.differences.map(\.subject) == ["nf a"])
            #expect(try await harness.nf("a", in: "fdi").log.last?.contains("is not started again") == true)

            let reply = try await harness.apply(Self.chain("fdi", "a -> b"))
            #expect(reply.outcome == .done, "\(reply)")
            #expect(reply.steps.map(\.kind) == [.restart])
            let isBack = try await flows(harness, "fdi")
            #expect(isBack)
        }
    }

    @Test func restartNeverIsRespectedAndTheDeadNFCanBeRewiredAround() async throws {
        try await DaemonHarness.run("never") { harness in
            try await harness.apply(Self.chain("fdj", "a -> b", restart: "never"))
            let pid = try await harness.nf("a", in: "fdj").pid ?? 0
            kill(pid_t(pid), SIGKILL)
            let isFailed = try await harness.wait { try await harness.nf("a", in: "fdj").state == .failed }
            #expect(isFailed)
            let around = Self.chain("fdj", "b").replacing("  a: { program: forward, restart: on-failure }\n", with: "")
            let reply = try await harness.apply(around)
            #expect(reply.outcome == .done, "\(reply)")
            let isFlowing = try await flows(harness, "fdj")
            #expect(isFlowing)
        }
    }

    /// What the state file says when a daemon was killed in the middle of an apply.
    @Test func anUnfinishedApplyIsTakenBackByTheNextDaemon() async throws {
        try await DaemonHarness.run("half") { harness in
            let file = harness.folder + "/topologies/fdk/state.json"
            try await harness.apply(Self.chain("fdk", "a -> b"))
            let first = try state(file)
            let before = try await harness.status("fdk").nfs.map(\.pid)
            try await harness.apply(Self.chain("fdk", "b -> a"))
            try await harness.restart {
                var second = try state(file)
                second["isApplying"] = true
                second["previous"] = first["source"]
                try JSONSerialization.data(withJSONObject: second).write(to: URL(fileURLWithPath: file))
            }
            let isFlowing = try await flows(harness, "fdk")
            #expect(isFlowing)
            #expect(try await harness.status("fdk").nfs.map(\.pid) == before)
            let again = try await harness.apply(Self.chain("fdk", "a -> b"))
            #expect(again.outcome == .unchanged)
        }
    }

    @Test func aChainOfWhichNothingIsLeftIsMadeAnew() async throws {
        try await DaemonHarness.run("anew") { harness in
            try await harness.apply(DaemonChainTests.quickstart("fdl"))
            let pids = try await harness.status("fdl").nfs.compactMap(\.pid)
            try await harness.restart {
                for pid in pids {
                    let process = try ProcessHandle.open(identifier: Int32(pid))
                    try process.signal(SIGKILL)
                    _ = try process.waitForExit(milliseconds: nil)
                }
            }
            let status = try await harness.status("fdl")
            #expect(status.state == .running, "\(status.differences)")
            #expect(status.frames.missing == 0)
            let ping = inHost("fdl-client", "ping", "-q", "-c", "3", "-i", "0.01", "-W", "1", "10.77.0.2")
            #expect(ping?.contains(" 0% packet loss") == true)
        }
    }

    private func state(_ file: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
}
