// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Foundation
import Testing

@testable import FlashOrchestrator

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

    /// Rings count in 32 bits; that a count has gone round is in the record only.
    @Test func countsGoOnFromWhatTheDaemonBeforeRecorded() async throws {
        try await DaemonHarness.run("counts") { harness in
            try await harness.apply(Self.chain("fdl", "a -> b"))
            let isFlowing = try await flows(harness, "fdl")
            #expect(isFlowing)
            let before = try await harness.status("fdl").links.map(\.packets)
            let folder = RuntimeFolder(path: harness.folder)
            try await harness.restart {
                var record = try TopologyRecord.read("fdl", from: folder)
                var totals = try #require(record.totals)
                for (key, total) in totals.rings {
                    totals.rings[key] = Sampler.Total(number: -1, packets: .max, bytes: 0, after: total)
                }
                record.totals = totals
                try record.write(to: folder)
            }
            let after = try await harness.status("fdl").links.map(\.packets)
            #expect(zip(before, after).allSatisfy { $1 > $0 + UInt64(UInt32.max) }, "\(before) \(after)")
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

    /// The daemon was killed before it came to write down a successor, which may be the last one to hold a queue.
    @Test func whatOnlyAnUnrecordedWorkerHoldsIsKept() async throws {
        try await DaemonHarness.run("unknown") { harness in
            let file = harness.folder + "/topologies/fdu/state.json"
            try await harness.apply(DaemonChainTests.quickstart("fdu"))
            func sockets() throws -> [String] {
                try #require(try state(file)["queues"] as? [[String: Any]]).compactMap { $0["socket"] as? String }
            }
            let (before, links) = (try sockets(), try state(file)["links"] as? [String: String])
            // One after the other, and at last all of them.
            for unrecorded in [0...0, 1...1, 2...2, 0...2] {
                let pids = try await harness.status("fdu").nfs.map(\.pid)
                try await harness.restart {
                    var record = try state(file)
                    var workers = try #require(record["workers"] as? [[String: Any]])
                    for index in unrecorded { workers[index]["process"] = Int(Int32.max) }
                    record["workers"] = workers
                    try JSONSerialization.data(withJSONObject: record).write(to: URL(fileURLWithPath: file))
                }
                let status = try await harness.status("fdu")
                #expect(status.state == .running)
                #expect(Set(status.nfs.map(\.pid)).subtracting(pids).count == unrecorded.count)
                #expect(try sockets().sorted() == before.sorted())
                #expect(try state(file)["links"] as? [String: String] == links)
            }
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
            let answers = inHost("fdl-client", Ping.command("10.77.0.2", count: 3))
            #expect(Ping.lost(answers ?? "", of: 3) == 0)
        }
    }

    /// What the record names is not what the workers hold.
    @Test(arguments: ["link", "socket", "thread", "event", "blocking", "acknowledge"])
    func aChainThatCannotBeTakenOverIsMadeAnew(fault: String) async throws {
        try await DaemonHarness.run("other") { harness in
            let file = harness.folder + "/topologies/fdm/state.json"
            try await harness.apply(DaemonChainTests.quickstart("fdm"))
            let before = try await harness.status("fdm").nfs.map(\.pid)
            try await harness.restart {
                var record = try state(file)
                let memory = record["memory"]
                var links = try #require(record["links"] as? [String: String])
                var queues = try #require(record["queues"] as? [[String: Any]])
                var threads = try #require(record["threads"] as? [[String: Any]])
                try #require(links.count == 2 && queues.count == 2 && threads.count == 3)
                switch fault {
                case "link": links = try links.mapValues { _ in try #require(queues[0]["socket"] as? String) }
                case "socket": queues = queues.map { $0.merging(["socket": "socket of nobody"]) { $1 } }
                case "thread": threads[0]["id"] = threads[1]["id"]
                case "event": threads[0]["event"] = "event of nobody"
                // Something else, where the daemon might wait.
                case "blocking": threads[0]["event"] = queues[0]["socket"]
                default: record["acknowledge"] = memory
                }
                record["links"] = links
                record["queues"] = queues
                record["threads"] = threads
                try JSONSerialization.data(withJSONObject: record).write(to: URL(fileURLWithPath: file))
            }
            let status = try await harness.status("fdm")
            #expect(status.state == .running, "\(status.differences)")
            #expect(status.frames.missing == 0 && status.frames.duplicated == 0)
            // Without the record's word for the threads there is nothing to go on with; without a queue there is.
            let isTakenOver = fault == "link" || fault == "socket"
            #expect((status.nfs.map(\.pid) == before) == isTakenOver)
            #expect((status.notice?.contains("made anew") == true) == !isTakenOver)
            let answers = inHost("fdm-client", Ping.command("10.77.0.2", count: 3))
            #expect(Ping.lost(answers ?? "", of: 3) == 0)
            #expect(try await harness.apply(DaemonChainTests.quickstart("fdm")).outcome == .unchanged)
        }
    }

    @Test(arguments: ["{\"version\": 99}", "{", "{\"version\": 1}"])
    func aRecordThatCannotBeReadIsReportedAndCanBeRemoved(text: String) async throws {
        try await DaemonHarness.run("foreign") { harness in
            let file = harness.folder + "/topologies/fdn/state.json"
            let topology = Self.chain("fdn", "a -> b")
            try await harness.apply(topology)
            let workers = try await harness.status("fdn").nfs.compactMap(\.pid)
            try await harness.restart { try Data(text.utf8).write(to: URL(fileURLWithPath: file)) }
            let status = try await harness.status("fdn")
            #expect(status.state == .failed)
            #expect(status.differences.first?.message.contains(file) == true)
            await #expect(throws: ServiceError.self) { try await harness.apply(topology) }
            #expect(workers.allSatisfy { isRunning($0) })

            let reply = try await harness.daemon.down(DownRequest(name: "fdn")) { _ in }
            #expect(reply.outcome == .failed)
            #expect(reply.failure?.message.contains("lab hosts") == true)
            #expect(!workers.contains { isRunning($0) })
            #expect(try await harness.apply(topology).outcome == .done)
            let isFlowing = try await flows(harness, "fdn")
            #expect(isFlowing)
        }
    }

    /// All at once, and each successor takes a while to build its table: while one is waited for, the others' ends are seen.
    @Test func workersThatDieTogetherHaveOneSuccessorEach() async throws {
        try await DaemonHarness.run("together") { harness in
            let names = ["a", "b", "c", "d"]
            let program = "{ program: maglev, config: { backends: [ x ], table_size: 262139 } }"
            let text = """
                version: 1
                name: fdo
                nfs:
                  gen: { program: generator, config: { rate: 2000 } }
                \(names.map { "  \($0): \(program)" }.joined(separator: "\n"))
                  end: { program: sink }
                links:
                  - gen -> a
                \(zip(names, names.dropFirst() + ["end"]).map { "  - \($0)[x] -> \($1)" }.joined(separator: "\n"))
                """
            #expect(try await harness.apply(text).outcome == .done)
            let before = try await harness.status("fdo").nfs
            for nf in before where names.contains(nf.name) { kill(pid_t(nf.pid ?? 0), SIGKILL) }
            let isBack = try await harness.wait(seconds: 60) {
                try await harness.status("fdo").nfs.allSatisfy { nf in
                    let old = before.first { $0.name == nf.name }?.pid
                    return nf.state == .running && (nf.pid != old) == names.contains(nf.name)
                }
            }
            #expect(isBack)
            let status = try await harness.status("fdo")
            #expect(status.nfs.filter { names.contains($0.name) }.map(\.restarts) == [1, 1, 1, 1])
            let workers = SystemFile.names(in: "/proc").compactMap { Int($0) }.filter { number in
                let line = (try? SystemFile.read("/proc/\(number)/cmdline")) ?? ""
                return line.hasPrefix("flash-nf\0--topology\0fdo\0") && line.contains(harness.folder)
            }
            #expect(workers.sorted() == status.nfs.compactMap(\.pid).sorted())
        }
    }

    private func state(_ file: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
}
