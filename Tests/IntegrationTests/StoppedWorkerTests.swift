// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import Synchronization
import Testing

/// Workers that live and do nothing (SIGSTOP): they hold nobody up but the chain they are part of.
@Suite(.serialized) struct StoppedWorkerTests {
    private static func chain(_ path: String, flows: Int = 1) -> String {
        """
        version: 1
        name: fds
        nfs:
          gen: { program: generator, config: { rate: 2000 } }
          a: { program: forward }
          b: { program: firewall, config: { default: accept, rules: [ "deny tcp to 10.0.0.1 port \(flows)" ] } }
          end: { program: sink }
        links:
          - gen -> \(path) -> end
          - b[deny] -> end
        """
    }

    private static let other = """
        version: 1
        name: fdt
        nfs:
          gen: { program: generator, config: { rate: 2000 } }
          end: { program: sink }
        links: [ gen -> end ]
        """

    private func flows(_ harness: DaemonHarness, _ name: String) async throws -> Bool {
        let seen = try await harness.nf("end", in: name).received.packets
        return try await harness.wait { try await harness.nf("end", in: name).received.packets > seen + 20 }
    }

    @Test func statusSaysSoAndAnApplyStartsItAgain() async throws {
        try await DaemonHarness.run("stopped") { harness in
            try await harness.apply(Self.chain("a -> b"))
            try await harness.apply(Self.other)
            let pid = try #require(try await harness.nf("a", in: "fds").pid)
            kill(pid_t(pid), SIGSTOP)
            let isSeen = try await harness.wait { try await harness.status("fds").state == .degraded }
            #expect(isSeen)
            let difference = try await harness.status("fds").differences.first
            #expect(difference?.subject == "nf a" && difference?.message.contains("stopped") == true)
            let isOtherFlowing = try await flows(harness, "fdt")
            #expect(isOtherFlowing)

            let reply = try await harness.apply(Self.chain("a -> b"))
            #expect(reply.outcome == .done && reply.steps.map(\.kind) == [.restart], "\(reply)")
            #expect(!isRunning(pid))
            let isFlowing = try await flows(harness, "fds")
            #expect(isFlowing)
            let frames = try await harness.status("fds").frames
            #expect(frames.missing == 0 && frames.duplicated == 0)
        }
    }

    /// In the middle of an apply: while its threads are waited for, while the worker itself is, and where the apply has
    /// less time than it takes to start the worker again on the way back.
    @Test(arguments: [("b -> a", 1, "a", 1.0), ("a -> b", 2, "b", 1.0), ("b -> a", 1, "a", 0.002)])
    func anApplyEndsWithinItsDeadlineAndStatusIsAnsweredMeanwhile(
        path: String, flow: Int, name: String, deadline: Double
    ) async throws {
        try await DaemonHarness.run("stopping") { harness in
            try await harness.apply(Self.chain("a -> b"))
            try await harness.apply(Self.other)
            let pid = try #require(try await harness.nf(name, in: "fds").pid)
            let daemon = harness.daemon
            let meanwhile = Mutex<Task<[TopologyState], any Error>?>(nil)
            let request = ApplyRequest(
                topology: TopologyRequest(text: Self.chain(path, flows: flow), file: "t.yaml"), deadline: deadline)
            let reply = try await daemon.apply(request) { event in
                guard case .started = event else { return }
                meanwhile.withLock { task in
                    guard task == nil else { return }
                    kill(pid_t(pid), SIGSTOP)
                    task = Task { try await daemon.status(name: nil).topologies.map(\.state) }
                }
            }
            #expect(reply.outcome == .failed)
            // In the shortest time any worker may be the one that has not answered.
            let names = deadline >= 1 ? [name] : ["gen", "a", "b", "end"]
            #expect(names.contains { reply.failure?.message.contains("nf \($0)") == true }, "\(reply)")
            let limits = ["within \(deadline.formatted()) s", "within \(Int(deadline * 1000)) ms"]
            #expect(limits.contains { reply.failure?.message.contains($0) == true }, "\(reply)")
            let states = try await meanwhile.withLock { $0 }?.value
            // The shortest may be over before it is asked about.
            if deadline >= 1 { #expect(states == [.applying, .running]) }

            try await harness.apply(Self.chain("a -> b"))
            let isFlowing = try await flows(harness, "fds")
            #expect(isFlowing)
            #expect(try await harness.status("fds").state == .running)
        }
    }

    /// The request is still in its socket when it goes on: who then did it would be another than the daemon knows.
    @Test func whatAWorkerWouldDoTooLateIsNotDone() async throws {
        try await DaemonHarness.run("stoplate") { harness in
            try await harness.apply(Self.chain("a -> b"))
            let pid = try #require(try await harness.nf("b", in: "fds").pid)
            let request = ApplyRequest(
                topology: TopologyRequest(text: Self.chain("a -> b", flows: 2), file: "t.yaml"), deadline: 0.3)
            let reply = try await harness.daemon.apply(request) { event in
                switch event {
                case .started: kill(pid_t(pid), SIGSTOP)
                case .failed: kill(pid_t(pid), SIGCONT)
                default: break
                }
            }
            #expect(reply.outcome == .failed && reply.steps.map(\.kind) == [.reconfigure], "\(reply)")
            #expect(!isRunning(pid))
            #expect(try await harness.status("fds").state == .running)
            let again = try await harness.apply(Self.chain("a -> b"))
            #expect(again.outcome == .unchanged)
            let isFlowing = try await flows(harness, "fds")
            #expect(isFlowing)
        }
    }

    @Test func downRemovesItNevertheless() async throws {
        try await DaemonHarness.run("stopdown") { harness in
            try await harness.apply(Self.chain("a -> b"))
            let workers = try await harness.status("fds").nfs.compactMap(\.pid)
            for pid in workers { kill(pid_t(pid), SIGSTOP) }
            let reply = try await harness.daemon.down(DownRequest(name: "fds")) { _ in }
            #expect(reply.outcome == .done, "\(reply)")
            #expect(!workers.contains { isRunning($0) })
            #expect(try await harness.daemon.topologies().topologies.isEmpty)
        }
    }

    /// It has filled the event that it sleeps on: who wakes it waits for nothing.
    @Test func aFullEventKeepsNobodyWaiting() async throws {
        try await DaemonHarness.run("stopfull") { harness in
            try await harness.apply(Self.chain("a -> b"))
            let pid = try #require(try await harness.nf("a", in: "fds").pid)
            kill(pid_t(pid), SIGSTOP)
            let process = try ProcessHandle.open(identifier: Int32(pid))
            let isStopped = try await harness.wait { try process.statistics().isStopped }
            #expect(isStopped)
            var events: [Int32] = []
            for number in SystemFile.names(in: "/proc/\(pid)/fd").compactMap({ Int32($0) }) {
                let event = try process.copyDescriptor(number)
                if event.isEvent { events.append(event.take()) }
            }
            // Its own and the daemon's; where packets go through rings of ours, its neighbours' too.
            let isFlash = try await harness.status("fds").datapath == "flash"
            #expect(events.count >= (isFlash ? 2 : 4))
            for event in events {
                var value = UInt64.max - 1
                // What has been signalled before leaves less room.
                while write(event, &value, 8) < 0 && value > 0 { value /= 2 }
            }
            let reply = try await harness.daemon.down(DownRequest(name: "fds")) { _ in }
            #expect(reply.outcome == .done, "\(reply)")
            for event in events { close(event) }
        }
    }

    /// The next daemon finds a worker that does not answer: it is replaced, and the others go on.
    @Test func theNextDaemonReplacesIt() async throws {
        try await DaemonHarness.run("stopnext") { harness in
            try await harness.apply(Self.chain("a -> b"))
            let before = try await harness.status("fds")
            let pid = try #require(try await harness.nf("a", in: "fds").pid)
            try await harness.restart { kill(pid_t(pid), SIGSTOP) }
            let isFlowing = try await flows(harness, "fds")
            #expect(isFlowing)
            let after = try await harness.status("fds")
            #expect(after.state == .running && after.notice == nil)
            #expect(!isRunning(pid))
            #expect(zip(before.nfs, after.nfs).allSatisfy { $0.name == "a" || $0.pid == $1.pid })
        }
    }
}
