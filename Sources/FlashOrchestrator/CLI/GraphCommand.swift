// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator
import Glibc

struct GraphCommand: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case mermaid
        case dot
        case json
    }

    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Draws a topology file, or a running topology, as Mermaid or DOT text.")

    @Argument(
        help: "A topology file (- reads standard input) or the name of a running topology.",
        completion: .file(extensions: ["yaml", "yml"]))
    var topology: String

    @Option(name: .shortAndLong, help: "Format of the drawing.")
    var output = Format.mermaid

    @OptionGroup var color: ColorOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let topology = try await read()
        let drawing = TopologyDrawing(topology, programs: .catalog)
        switch output {
        case .mermaid: Terminal.write(drawing.mermaid, to: .output)
        case .dot: Terminal.write(drawing.dot, to: .output)
        case .json: try Terminal.write(json: TopologyShape.value(topology, programs: .catalog))
        }
    }

    private func read() async throws -> Topology {
        guard topology == "-" || topology.contains("/") || access(topology, F_OK) == 0 else {
            do {
                return try await connection.client.applied(name: topology).topology
            } catch .noDaemon {
                throw CommandError(
                    CommandExit.badInput,
                    "there is no file '\(topology)', and no daemon that could know a topology of that name")
            } catch {
                throw CommandError(error)
            }
        }
        let source = try TopologySource(file: topology)
        let (decoded, diagnostics) = source.decode()
        source.show(diagnostics, style: color.messageStyle)
        guard let decoded else { throw CommandError(CommandExit.badInput) }
        return decoded
    }
}
