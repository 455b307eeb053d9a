// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing

/// Workers and the daemon die; the chain goes on.
@Suite(.serialized) struct DeathTests {
    private func chain(restart: String = "on-failure") -> String {
        """
        version: 1
        name: chain
        interfaces: { left: { device: it-left }, right: { device: it-right } }
        nfs:
          a: { program: forward }
          b: { program: forward, restart: \(restart) }
        links:
          - left:0 -> a -> b -> right:0
          - right:0 -> b -> a -> left:0
        lab:
          hosts:
            one: { interface: left, address: 10.98.0.1/24 }
            two: { interface: right, address: 10.98.0.2/24 }

        """
    }

    @Test func killedWorkerIsReplacedAndNoFrameLeaks() async throws {
        try await TestBench.with { bench in
            try await bench.apply(chain())
            let before = try await bench.status("chain")
            let ping = try Traffic.startPing(bench, from: "one", to: "10.98.0.2")
            try await Traffic.answers(ping, more: 20)
            let victim = try #require(before.workers["b"])
            kill(pid_t(victim), SIGKILL)
            try await eventually("another worker runs") {
                let nf = try await bench.status("chain").nf("b")
                return nf.state == .running && nf.pid != nil && nf.pid != victim
            }
            try await Traffic.answers(ping, more: 20)
            // At 500 packets a second, 100 ms are 50 packets.
            #expect(try await Traffic.stop(ping) <= 50)
            let after = try await bench.status("chain")
            after.expectHealthy()
            #expect(try after.nf("b").restarts == 1)
            #expect(after.workers["a"] == before.workers["a"])
            #expect(after.frames.total == before.frames.total)
        }
    }

    @Test func workerThatIsNotToBeRestartedFails() async throws {
        try await TestBench.with { bench in
            try await bench.apply(chain(restart: "never"))
            let victim = try #require(try await bench.status("chain").workers["b"])
            kill(pid_t(victim), SIGKILL)
            try await eventually("the NF fails") { try await bench.status("chain").nf("b").state == .failed }
            let status = try await bench.status("chain")
            #expect(status.state == .degraded)
            #expect(status.differences.map(\.subject).contains("nf b"))
            #expect(try status.nf("a").state == .running)
        }
    }

    @Test(arguments: [SIGKILL, SIGTERM])
    func nextDaemonTakesTheWorkersOver(signal: Int32) async throws {
        try await TestBench.with { bench in
            try await bench.apply(chain())
            let workers = try await bench.status("chain").workers
            let daemon = pid_t(try await bench.daemon().pid)
            let ping = try Traffic.startPing(bench, from: "one", to: "10.98.0.2")
            try await Traffic.answers(ping, more: 20)
            kill(daemon, signal)
            try await eventually("the daemon ends") { !isRunning(Int(daemon)) }
            try await Traffic.answers(ping, more: 50)
            try await bench.flashOrch("status").expecting(4)

            #expect(try await bench.apply(chain()).outcome == .unchanged)
            #expect(try await bench.daemon().pid != Int(daemon))
            try await Traffic.answers(ping, more: 20)
            #expect(try await Traffic.stop(ping) == 0)
            let status = try await bench.status("chain")
            status.expectHealthy()
            #expect(status.workers == workers)
            #expect(status.nfs.allSatisfy { $0.restarts == 0 })

            // What was taken over is supervised as before.
            let victim = try #require(workers["a"])
            kill(pid_t(victim), SIGKILL)
            try await eventually("another worker runs") {
                let nf = try await bench.status("chain").nf("a")
                return nf.state == .running && nf.pid != nil && nf.pid != victim
            }
            #expect(try await Traffic.ping(bench, from: "one", to: "10.98.0.2") == 0)
        }
    }

    @Test func topologyIsTakenDownByTheNextDaemon() async throws {
        try await TestBench.with { bench in
            try await bench.apply(chain())
            let daemon = pid_t(try await bench.daemon().pid)
            kill(daemon, SIGKILL)
            try await eventually("the daemon ends") { !isRunning(Int(daemon)) }
            let next = try bench.start("daemon")
            try await eventually("the next daemon answers") { try await bench.flashOrch("status").status == 0 }
            try await bench.flashOrch("down", "chain").expecting()
            next.signal(SIGTERM)
            #expect(try await next.result().status == 0)
        }
    }
}
