// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing

/// What the command line says of a running topology, and to whom.
@Suite(.serialized) struct CLIWithDaemonTests {
    private let text = """
        version: 1
        name: small
        nfs: { source: { program: generator, config: { rate: 1000 } }, end: { program: sink } }
        links: [ source -> end ]

        """

    @Test func statusIsShownAgainAndAgain() async throws {
        try await TestBench.with { bench in
            try await bench.apply(text)
            let watch = try bench.start("status", "--watch", "--color", "never")
            try await eventually("status is shown twice") {
                watch.output.ranges(of: "small: running since ").count >= 2
            }
            watch.signal(SIGINT)
            #expect(try await watch.result().status == 128 + SIGINT)
        }
    }

    @Test func logsAreFollowedPastTheDeathOfAWorker() async throws {
        try await TestBench.with { bench in
            try await bench.apply(text)
            let follow = try bench.start("logs", "-f", "end")
            let victim = try #require(try await bench.status("small").workers["end"])
            kill(pid_t(victim), SIGKILL)
            try await eventually("the death is in the log") { follow.output.contains("signal 9") }
            follow.signal(SIGINT)
            _ = try await follow.result()
            let log: LogReply = try await bench.flashOrch("logs", "end", "-o", "json").expecting().json()
            #expect(log.name == "small" && log.nf == "end" && log.next == log.text.utf8.count)
        }
    }

    @Test func logsLeaveTheTerminalAlone() async throws {
        try await TestBench.with { bench in
            try await bench.apply(text)
            let log = bench.directory + "/topologies/small/end.log"
            let printed = "a\tb\u{1B}]0;c\u{7}d\u{9B}2Jé\n"
            let file = try #require(FileHandle(forWritingAtPath: log))
            try file.seekToEnd()
            try file.write(contentsOf: Data(printed.utf8))
            #expect(try await bench.flashOrch("logs", "end").expecting().output.hasSuffix(printed))
            // script(1) gives the command a terminal.
            let shown = try await run(
                ["script", "-qec", "\(Programs.flashOrch) logs end", "/dev/null"],
                environment: ["FLASH_ORCH_RUNTIME_DIR": bench.directory]
            ).expecting().output
            #expect(shown.hasSuffix("a\tb\u{FFFD}]0;c\u{FFFD}d\u{FFFD}2Jé\r\n"), "\(shown.debugDescription)")
        }
    }

    @Test func othersAreToldThatTheyMayNot() async throws {
        try await TestBench.with { bench in
            try await bench.apply(text)
            chmod(bench.directory, 0o755)
            let result = try await run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Programs.flashOrch, "status"],
                environment: ["FLASH_ORCH_RUNTIME_DIR": bench.directory])
            try result.expecting(4)
            #expect(
                result.messages == """
                    error: the daemon's socket \(bench.directory)/flash-orch.sock is not open to this user
                    help: run this command as root (sudo)

                    """)
        }
    }

    /// As a service with `Group=`.
    @Test func theGroupOfTheDaemonMay() async throws {
        try await TestBench.with { bench in
            let folder = bench.directory + "/test-group"
            let environment = ["FLASH_ORCH_RUNTIME_DIR": folder]
            let asGroup = ["setpriv", "--regid=65534", "--clear-groups"]
            let daemon = try BackgroundCommand(asGroup + [Programs.flashOrch, "daemon"], environment: environment)
            let client = asGroup + ["--reuid=65534", Programs.flashOrch, "status"]
            try await eventually("a member of the group is answered") {
                try await run(client, environment: environment).status == 0
            }
            let stranger = ["setpriv", "--reuid=65534", "--regid=65533", "--clear-groups"]
            try await run(stranger + [Programs.flashOrch, "status"], environment: environment).expecting(4)
            await daemon.end()
        }
    }

    @Test func whatTheDaemonFindsIsShownInTheText() async throws {
        try await TestBench.with { bench in
            try await bench.apply(
                """
                version: 1
                name: holder
                interfaces: { left: { device: it-cli } }
                nfs: { end: { program: sink } }
                links: [ "left:0 -> end" ]
                lab: { hosts: { one: { interface: left, address: 10.96.0.1/24 } } }

                """)
            let other = """
                version: 1
                name: other
                interfaces: { x: { device: it-cli } }
                nfs: { end: { program: sink } }
                links: [ "x:0 -> end" ]

                """
            for command in ["plan", "apply"] {
                let refused = try await bench.flashOrch(command, "-", "-o", "json", input: other).expecting(2)
                #expect(
                    refused.messages.hasPrefix(
                        """
                        stdin:3:28: error: device 'it-cli' is held by the running topology 'holder'
                        interfaces: { x: { device: it-cli } }
                                                   ^~~~~~
                        help: 'flash-orch down holder' gives it back
                        1 error

                        """), "\(refused)")
                let reply: ServiceErrorReply = try refused.json()
                #expect(reply.error.diagnostics.count == 1)
            }
        }
    }

    @Test func planAndApplySayTheSame() async throws {
        try await TestBench.with { bench in
            let first: PlanReply = try await bench.flashOrch("plan", "-", "-o", "json", input: text).expecting().json()
            #expect(try await bench.apply(text).steps == first.steps)
            let changed = text.replacing("rate: 1000", with: "rate: 2000")
            let second: PlanReply = try await bench.flashOrch("plan", "-", "-o", "json", input: changed)
                .expecting().json()
            #expect(second.steps.map(\.kind) == [.reconfigure])
            #expect(try await bench.apply(changed).steps == second.steps)
            #expect(
                try await bench.flashOrch("plan", "-", input: changed).expecting().output
                    == "nothing to do: small runs as the file says\n")
        }
    }

    /// As while a daemon takes over a long chain: it has the lock, and does not answer yet.
    @Test func applyWaitsForADaemonThatDoesNotAnswerYet() async throws {
        try await TestBench.with { bench in
            try await bench.startDaemon()
            let socket = bench.directory + "/test-late.sock"
            let apply = try bench.start("apply", "--socket", socket, try bench.write(text, to: "small.yaml"))
            try await eventually("the daemon that apply started gives up") {
                let log = try? String(contentsOfFile: bench.directory + "/daemon.log", encoding: .utf8)
                return log?.contains("another daemon has") == true
            }
            #expect(symlink(bench.directory + "/flash-orch.sock", socket) == 0)
            try await apply.result().expecting()
            try await bench.status("small").expectHealthy()
        }
    }

    @Test func applyHearsOfItsEndFromADaemonThatEnds() async throws {
        try await TestBench.with { bench in
            let names = (0..<24).map { "n\($0)" }
            let long = """
                version: 1
                name: small
                nfs:
                  source: { program: generator, config: { rate: 1000 } }
                \(names.map { "  \($0): { program: forward }" }.joined(separator: "\n"))
                  end: { program: sink }
                links: [ source -> \(names.joined(separator: " -> ")) -> end ]

                """
            try await bench.startDaemon()
            let daemon = try await bench.daemon().pid
            let apply = try bench.start("apply", "-o", "json", try bench.write(long, to: "small.yaml"))
            try await eventually("the apply has begun") {
                let report: StatusReport = try await bench.flashOrch("status", "-o", "json").expecting().json()
                return report.topologies.first?.state == .applying
            }
            kill(pid_t(daemon), SIGTERM)
            let reply: ApplyReply = try await apply.result().expecting().json()
            #expect(reply.outcome == .done)
            try await bench.startDaemon()
            try await bench.status("small").expectHealthy()
        }
    }

    @Test func secondDaemonIsRefused() async throws {
        try await TestBench.with { bench in
            try await bench.apply(text)
            let second = try await bench.flashOrch("daemon")
            #expect(second.status != 0 && second.messages.hasPrefix("error: "))
            try await bench.status("small").expectHealthy()
        }
    }
}
