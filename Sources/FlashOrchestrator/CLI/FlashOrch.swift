// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator
import Glibc

@main
struct FlashOrch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flash-orch",
        abstract: "Turns a YAML topology into a running chain of network functions on AF_XDP sockets.",
        discussion: """
            Exit codes: 0 done; 1 failed and rolled back; 2 bad input or usage; 3 the rollback failed too; \
            4 not permitted, or no daemon.
            """,
        version: "flash-orch \(Version.current)",
        subcommands: [
            ValidateCommand.self, PlanCommand.self, ApplyCommand.self, StatusCommand.self, DownCommand.self,
            LogsCommand.self, GraphCommand.self, ProgramsCommand.self, SchemaCommand.self, ExecCommand.self,
            DoctorCommand.self, DaemonCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Glibc.exit(CommandExit.done)
        } catch let error as CommandError {
            error.report()
            Glibc.exit(error.code)
        } catch {
            // What the argument parser has to say: help, a version, a usage error.
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            if !message.isEmpty {
                Terminal.write(message + "\n", to: code == .success ? .output : .messages)
            }
            Glibc.exit(code == .validationFailure ? CommandExit.badInput : code.rawValue)
        }
    }
}
