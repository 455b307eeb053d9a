// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "logs", abstract: "Shows what an NF's worker printed.")

    @Argument(help: "An NF's name; TOPOLOGY/NF where several topologies have one of that name.")
    var nf: String

    @Flag(name: .shortAndLong, help: "Go on with what it prints from now on, until interrupted.")
    var follow = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let (topology, nf) = QualifiedName.split(nf)
        var offset: Int?
        repeat {
            let request = LogRequest(name: topology, nf: nf, offset: offset)
            let reply = try await connection.call(output) { client throws(DaemonClient.Failure) in
                try await client.logs(request)
            }
            if output.isJSON {
                if !follow || !reply.text.isEmpty { try Terminal.write(json: reply) }
            } else {
                // A worker is not to be believed: what it printed must not move a reader's terminal.
                Terminal.write(Terminal.Stream.output.isTerminal ? reply.text.printableLines : reply.text, to: .output)
            }
            offset = reply.next
            if follow { try await Task.sleep(for: .milliseconds(200)) }
        } while follow
    }
}

/// `TOPOLOGY/NAME` or `NAME`.
enum QualifiedName {
    static func split(_ text: String) -> (topology: String?, name: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        return parts.count == 2 ? (String(parts[0]), String(parts[1])) : (nil, text)
    }
}
