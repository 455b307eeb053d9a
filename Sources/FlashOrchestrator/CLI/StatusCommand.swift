// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Shows what runs, how fast, and what differs from the applied file.")

    @Argument(help: "A topology's name; all where it is left out.", completion: RunningNames.completion)
    var name: String?

    @Flag(name: .shortAndLong, help: "Show it again every second, until interrupted.")
    var watch = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        repeat {
            let report = try await connection.call(output) { client throws(DaemonClient.Failure) in
                try await client.status(name: name)
            }
            if output.isJSON {
                try Terminal.write(json: report)
            } else {
                show(StatusText.text(report, style: output.style))
            }
            if watch { try await Task.sleep(for: .seconds(1)) }
        } while watch
    }

    private func show(_ text: String) {
        guard watch, Terminal.Stream.output.isInteractive else { return Terminal.write(text, to: .output) }
        // Over what stands there, line by line, then clear the rest: nothing flickers.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\u{1B}[K\n")
        Terminal.write("\u{1B}[H" + lines + "\u{1B}[J", to: .output)
    }
}
