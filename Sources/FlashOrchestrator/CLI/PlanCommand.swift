// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows what apply would do and why, and touches nothing.")

    @Argument(help: "A topology file; - reads standard input.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Flag(help: "Exit with 0 where there is nothing to do, and with 2 where there are changes.")
    var detailedExitcode = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let source = try TopologySource(file: file)
        let request = try source.request(style: output.messageStyle, output: output)
        let plan = try await source.call(connection, output) { client throws(DaemonClient.Failure) in
            do throws(DaemonClient.Failure) {
                return try await client.plan(request)
            } catch .noDaemon(let socket) {
                guard let plan = try firstPlan(source) else { throw .noDaemon(socket: socket) }
                return plan
            }
        }
        source.show(plan.diagnostics, style: output.messageStyle)
        if output.isJSON {
            try Terminal.write(json: plan)
        } else {
            Terminal.write(PlanText.text(plan, style: output.style), to: .output)
        }
        if detailedExitcode, !plan.steps.isEmpty { throw ExitCode(2) }
    }
}

extension PlanCommand {
    /// The plan for a machine where nothing runs; nil where something may.
    private func firstPlan(_ source: TopologySource) throws(DaemonClient.Failure) -> PlanReply? {
        let (topology, diagnostics) = source.decode()
        guard let topology else { return nil }
        do {
            return try FirstPlan.make(
                topology, diagnostics: diagnostics.map(ServiceDiagnostic.init),
                folder: RuntimeFolder(path: RuntimePaths.directory))
        } catch {
            throw .service(error)
        }
    }
}

extension TopologySource {
    /// Calls the daemon with this text; the faults that it finds are shown in the text.
    func call<Reply>(
        _ connection: ConnectionOptions, _ output: OutputOptions,
        _ body: (DaemonClient) async throws(DaemonClient.Failure) -> Reply
    ) async throws -> Reply {
        try await connection.call(output) { client throws(DaemonClient.Failure) in
            do throws(DaemonClient.Failure) {
                return try await body(client)
            } catch {
                if case .service(let error) = error { show(error.diagnostics, style: output.messageStyle) }
                throw error
            }
        }
    }
}
