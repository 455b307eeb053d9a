// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// Options of every command that prints data.
struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Format of the data on standard output.")
    var output = OutputFormat.text

    @OptionGroup var color: ColorOptions

    var isJSON: Bool { output == .json }
    var style: TextStyle { color.style }
    var messageStyle: TextStyle { color.messageStyle }
}

struct ColorOptions: ParsableArguments {
    @Option(help: "Colours: auto is on a terminal, and not under NO_COLOR.")
    var color = ColorChoice.auto

    var style: TextStyle { Terminal.style(color, for: .output) }
    var messageStyle: TextStyle { Terminal.style(color, for: .messages) }
}

/// Options of every command that speaks with the daemon.
struct ConnectionOptions: ParsableArguments {
    @Option(
        help: .init(
            "The daemon's socket (environment: FLASH_ORCH_SOCKET).", valueName: "path"), completion: .file())
    var socket: String?

    var path: String { socket.map(RuntimePaths.absolute) ?? RuntimePaths.socket }
    var client: DaemonClient { DaemonClient(socket: path) }

    /// Calls the daemon. Where it refuses, its error is printed as JSON too, if that was asked for.
    func call<Reply>(
        _ output: OutputOptions, _ body: (DaemonClient) async throws(DaemonClient.Failure) -> Reply
    ) async throws -> Reply {
        do {
            return try await body(client)
        } catch {
            if output.isJSON, case .service(let error) = error {
                try Terminal.write(json: ServiceErrorReply(error: error))
            }
            throw CommandError(error)
        }
    }
}
