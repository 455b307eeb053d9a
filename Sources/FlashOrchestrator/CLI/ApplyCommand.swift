// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Makes the machine match a topology file, and says what changed. Starts a daemon where none runs.")

    @Argument(help: "A topology file; - reads standard input.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(help: .init("How long one step may take.", valueName: "seconds"))
    var deadline: Double?

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if let deadline, !(deadline > 0 && deadline <= 3600) {
            throw ValidationError("--deadline is to be above 0 and at most 3600 seconds")
        }
    }

    func run() async throws {
        let source = try TopologySource(file: file)
        let request = try await source.call(connection, output) { _ throws(DaemonClient.Failure) in
            // A file with faults starts no daemon.
            _ = try source.decodeValid()
            return try source.request()
        }
        try await DaemonLauncher.ensure(connection)
        let printer = ProgressPrinter(style: output.messageStyle)
        let reply = try await source.call(connection, output) { client throws(DaemonClient.Failure) in
            defer { printer.end() }
            return try await client.apply(ApplyRequest(topology: request, deadline: deadline), progress: printer.show)
        }
        source.show(reply.diagnostics, style: output.messageStyle)
        try reply.print(.apply, output)
    }
}

extension ApplyReply {
    /// Prints how the operation ended; throws where it did not succeed.
    func print(_ operation: ApplyText.Operation, _ output: OutputOptions) throws {
        if output.isJSON { try Terminal.write(json: self) }
        switch outcome {
        case .unchanged, .done:
            guard !output.isJSON else { return }
            Terminal.write(ApplyText.success(self, operation: operation) + "\n", to: .output)
        case .failed, .rollbackFailed:
            Terminal.write(ApplyText.failure(self, operation: operation, style: output.messageStyle), to: .messages)
            throw CommandError(outcome == .failed ? CommandExit.failed : CommandExit.rollbackFailed)
        }
    }
}
