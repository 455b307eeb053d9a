// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows what apply would do and why, and touches nothing.")

    @Argument(help: "A topology file; - reads standard input.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Flag(help: "Exit with 0 where there is nothing to do, and with 5 where there are changes.")
    var detailedExitcode = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let source = try TopologySource(file: file)
        let plan = try await source.call(connection, output) { client throws(DaemonClient.Failure) in
            try await makePlan(source, client)
        }
        source.show(plan.diagnostics, style: output.messageStyle)
        if output.isJSON {
            try Terminal.write(json: plan)
        } else {
            Terminal.write(PlanText.text(plan, style: output.style), to: .output)
        }
        if detailedExitcode, !plan.steps.isEmpty { throw ExitCode(CommandExit.changes) }
    }

    /// The file is decoded once: by the daemon, or here where none can be asked.
    private func makePlan(
        _ source: TopologySource, _ client: DaemonClient
    ) async throws(DaemonClient.Failure) -> PlanReply {
        let failure: DaemonClient.Failure
        do throws(DaemonClient.Failure) {
            return try await client.plan(try source.request())
        } catch {
            switch error {
            case .noDaemon, .notPermitted: failure = error
            case .broken, .service: throw error
            }
        }
        guard let plan = try firstPlan(source) else { throw failure }
        return plan
    }

    /// The plan for a machine where nothing runs; nil where something may.
    private func firstPlan(_ source: TopologySource) throws(DaemonClient.Failure) -> PlanReply? {
        let (topology, warnings) = try source.decodeValid()
        do throws(ServiceError) {
            return try FirstPlan.make(
                topology, diagnostics: warnings, folder: RuntimeFolder(path: RuntimePaths.directory))
        } catch {
            throw .service(error)
        }
    }
}
