// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator

struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate", abstract: "Shows all faults of a topology file, or ok. Needs no root and no daemon.")

    @Argument(help: "A topology file; - reads standard input.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @OptionGroup var output: OutputOptions

    func run() throws {
        let source = try TopologySource(file: file)
        let (topology, diagnostics) = source.decode()
        source.show(diagnostics, style: output.messageStyle)
        if output.isJSON {
            try Terminal.write(
                json: ValidationReply(name: topology?.name, diagnostics: diagnostics.map(ServiceDiagnostic.init)))
        }
        guard topology != nil else { throw CommandError(CommandExit.badInput) }
        if !output.isJSON { Terminal.write("ok\n", to: .output) }
    }
}
