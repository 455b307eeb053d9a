// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing

/// What the command line says and how it ends where no daemon runs.
@Suite(.serialized) struct CLIWithoutDaemonTests {
    private let good =
        "version: 1\nname: x\nnfs:\n  a: { program: generator }\n  b: { program: sink }\nlinks: [ a -> b ]\n"

    @Test(arguments: [
        ["bogus"], ["plan"], ["validate"], ["status", "--bogus"], ["status", "-o", "yaml"], ["exec", "a"], ["exec"],
        ["apply", "x.yaml", "--deadline", "0"], ["validate", "/nonexistent.yaml"], ["apply", "/nonexistent.yaml"],
        ["plan", "/"], ["nf", "nothing"], ["graph", "/nonexistent"],
    ])
    func badUsageEndsWith2(arguments: [String]) async throws {
        try await TestBench.with { bench in
            let result = try await run(
                [Programs.flashOrch] + arguments, environment: ["FLASH_ORCH_RUNTIME_DIR": bench.directory])
            try result.expecting(2)
            #expect(result.output == "")
            #expect(!result.messages.isEmpty)
        }
    }

    @Test func versionIsPrinted() async throws {
        let result = try await run([Programs.flashOrch, "--version"]).expecting()
        #expect(result.output == "flash-orch \(Version.current)\n")
    }

    /// Where systemd is there to check it.
    @Test func theServiceFileIsValid() async throws {
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze") else { return }
        let file = Programs.sources + "/packaging/flash-orch.service.in"
        let template = try String(contentsOfFile: file, encoding: .utf8)
        let folder = "/tmp/flash-it-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let text = template.replacing("@PREFIX@/bin", with: Programs.folder).replacing("@PREFIX@", with: "/usr")
        try text.write(toFile: folder + "/flash-orch.service", atomically: false, encoding: .utf8)
        let result = try await run(["systemd-analyze", "verify", "--man=no", folder + "/flash-orch.service"])
        // Of other units of this machine it may have things to say as well.
        #expect(!result.messages.contains("flash-orch"), "\(result)")
    }

    @Test(arguments: [["status"], ["status", "x"], ["down", "x"], ["logs", "x"], ["exec", "h", "--", "true"]])
    func noDaemonEndsWith4(arguments: [String]) async throws {
        try await TestBench.with { bench in
            let environment = ["FLASH_ORCH_RUNTIME_DIR": bench.directory]
            let result = try await run([Programs.flashOrch] + arguments, environment: environment).expecting(4)
            #expect(
                result.messages == """
                    error: no daemon answers at \(bench.directory)/flash-orch.sock
                    help: flash-orch apply starts one where none runs

                    """)
        }
    }

    @Test func withoutRootASentenceSaysSo() async throws {
        try await TestBench.with { bench in
            let file = try bench.write(good, to: "x.yaml")
            chmod(bench.directory, 0o755)
            let result = try await run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Programs.flashOrch, "apply", file],
                environment: ["FLASH_ORCH_RUNTIME_DIR": bench.directory])
            try result.expecting(4)
            #expect(
                result.messages == """
                    error: no daemon runs at \(bench.directory)/flash-orch.sock, and only root can start one
                    help: run this command as root (sudo), or start the daemon: sudo flash-orch daemon

                    """)
        }
    }

    @Test func validateSaysOkOrShowsTheFaults() async throws {
        try await TestBench.with { bench in
            let ok = try await bench.flashOrch("validate", "-", input: good).expecting()
            #expect(ok.output == "ok\n" && ok.messages == "")
            let bad = good.replacing("sink", with: "sinc")
            let faulty = try await bench.flashOrch("validate", "-", input: bad).expecting(2)
            #expect(faulty.output == "")
            #expect(faulty.messages.hasPrefix("stdin:5:17: error: unknown program 'sinc'\n"))
            let json = try await bench.flashOrch("validate", "-", "-o", "json", input: bad).expecting(2)
            let reply: ValidationReply = try json.json()
            #expect(reply.version == 1 && reply.name == nil)
            #expect(reply.diagnostics.map(\.line) == [5])
        }
    }

    @Test func faultyFileStartsNoDaemon() async throws {
        try await TestBench.with { bench in
            let result = try await bench.flashOrch("apply", "-", "-o", "json", input: "version: 1\n\u{0}").expecting(2)
            let reply: ServiceErrorReply = try result.json()
            #expect(reply.error.kind == .badInput)
            #expect(!reply.error.diagnostics.isEmpty)
            try await bench.flashOrch("status").expecting(4)
        }
    }

    @Test func variablesComeFromTheEnvironment() async throws {
        try await TestBench.with { bench in
            let text = good.replacing("name: x", with: "name: ${IT_NAME}")
            try await bench.flashOrch("validate", "-", input: text).expecting(2)
            try await bench.flashOrch("validate", "-", environment: ["IT_NAME": "y"], input: text).expecting()
        }
    }

    @Test func coloursOnlyWhereAsked() async throws {
        try await TestBench.with { bench in
            let escape = "\u{1B}["
            #expect(try await !bench.flashOrch("nf", "sink").expecting().output.contains(escape))
            #expect(try await !bench.flashOrch("nf", "sink", "--color", "never").expecting().output.contains(escape))
            #expect(try await bench.flashOrch("nf", "sink", "--color", "always").expecting().output.contains(escape))
            // script(1) lends it a terminal.
            let command = "\(Programs.flashOrch) nf sink"
            let terminal = ["script", "-qec", command, "/dev/null"]
            let colored = try await run(terminal, environment: ["TERM": "xterm", "NO_COLOR": ""]).expecting()
            #expect(colored.output.contains(escape))
            let plain = try await run(terminal, environment: ["TERM": "xterm", "NO_COLOR": "1"]).expecting()
            #expect(!plain.output.contains(escape))
        }
    }

    @Test func readerThatGoesAwayIsNoFailure() async throws {
        try await TestBench.with { bench in
            let result = try await run(
                ["bash", "-c", "\(Programs.flashOrch) nf -o json | head -n 1; echo ${PIPESTATUS[0]} >&2"])
            #expect(result.output == "{\n")
            #expect(["0\n", "141\n"].contains(result.messages))
        }
    }

    @Test func programsAreListed() async throws {
        try await TestBench.with { bench in
            #expect(try await bench.flashOrch("nf").expecting().output.contains("\nfirewall "))
            let json = try await bench.flashOrch("nf", "firewall", "-o", "json").expecting().output
            #expect(json.contains("\"name\" : \"firewall\"") && json.contains("\"version\" : 1"))
        }
    }

    @Test func fileIsDrawn() async throws {
        try await TestBench.with { bench in
            #expect(try await bench.flashOrch("graph", "-", input: good).expecting().output.hasPrefix("flowchart LR\n"))
            let dot = try await bench.flashOrch("graph", "-", "-o", "dot", input: good).expecting().output
            #expect(dot.hasPrefix("digraph "))
            #expect(
                try await bench.flashOrch("graph", "-", "-o", "json", input: good).expecting().output.hasPrefix("{"))
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func shellCompletionIsWritten(shell: String) async throws {
        try await TestBench.with { bench in
            let script = try await bench.flashOrch("--generate-completion-script", shell).expecting().output
            #expect(script.contains("flash-orch") && script.contains("validate"))
        }
    }
}
