// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator
import FlashRuntime
import Glibc

struct ExecCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Runs a command in a lab host, and ends with its exit code.",
        usage: "flash-orch exec <host> -- <command> ...")

    @Argument(help: "A lab host's name; TOPOLOGY/HOST where several topologies have one of that name.")
    var host: String

    @Argument(parsing: .postTerminator, help: "The command and its arguments.")
    var command: [String]

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if command.isEmpty { throw ValidationError("a command is missing: flash-orch exec \(host) -- ping 10.10.0.2") }
    }

    func run() async throws {
        guard geteuid() == 0 else {
            throw CommandError(
                CommandExit.notPermitted, "flash-orch exec needs root, to enter a network namespace",
                help: "sudo flash-orch exec \(host) -- \(command.joined(separator: " "))")
        }
        let namespace = try await findNamespace()
        // The transport ignores this signal; the command is not to inherit that.
        signal(SIGPIPE, SIG_DFL)
        let arguments = command
        do throws(SystemError) {
            // The process becomes the command, from the thread that is in the namespace.
            try NetworkNamespace.run(in: namespace) { () throws(SystemError) in
                // Threads of the cooperative pool block signals; the command is not to inherit that either.
                var none = sigset_t()
                sigemptyset(&none)
                pthread_sigmask(SIG_SETMASK, &none, nil)
                let words = arguments.map { strdup($0) } + [nil]
                execvp(arguments[0], words)
                throw SystemError(call: "exec", code: errno, context: arguments[0])
            }
        } catch {
            throw CommandError(CommandExit.badInput, error.description)
        }
    }

    private func findNamespace() async throws -> String {
        let (topology, name) = QualifiedName.split(host)
        let report: StatusReport
        do {
            report = try await connection.client.status(name: topology)
        } catch {
            throw CommandError(error)
        }
        let found = report.topologies.flatMap { topology in
            topology.hosts.filter { $0.name == name }.map { (topology.name, $0.namespace) }
        }
        guard let first = found.first else {
            let known = report.topologies.flatMap { $0.hosts.map(\.name) }
            throw CommandError(
                CommandExit.badInput, "there is no lab host '\(name)'",
                help: known.isEmpty
                    ? "no running topology has lab hosts" : "there are: \(known.joined(separator: ", "))")
        }
        guard found.count == 1 else {
            let names = found.map { "\($0.0)/\(name)" }.joined(separator: ", ")
            throw CommandError(
                CommandExit.badInput, "several topologies have a lab host '\(name)'", help: "say one of \(names)")
        }
        return first.1
    }
}
