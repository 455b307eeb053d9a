// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator

struct DownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Removes all that apply made for a topology, and nothing else.")

    @Argument(help: "The topology's name.", completion: RunningNames.completion)
    var name: String

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let printer = ProgressPrinter(style: output.messageStyle)
        let reply = try await connection.call(output) { client throws(DaemonClient.Failure) in
            defer { printer.end() }
            return try await client.down(name: name, progress: printer.show)
        }
        try reply.print(.down, output)
    }
}
