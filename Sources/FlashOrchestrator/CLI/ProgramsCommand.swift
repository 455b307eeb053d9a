// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator
import FlashRuntime
import YAMLBridge

struct ProgramsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nf", abstract: "Shows the programs that NFs can run, their outputs and parameters.")

    @Argument(help: "A program's name.", completion: .list(ProgramCatalog.declarations.map(\.name)))
    var program: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        let all = ProgramCatalog.declarations
        guard let name = program else {
            return output.isJSON
                ? try Terminal.write(json: ProgramShape.list(all))
                : Terminal.write(ProgramText.list(all, style: output.style), to: .output)
        }
        guard let program = ProgramCatalog.declaration(of: name) else {
            throw CommandError(
                CommandExit.badInput, "there is no program '\(name)'",
                help: Suggestion.help(for: name, in: all.map(\.name)) ?? "flash-orch nf lists the programs")
        }
        output.isJSON
            ? try Terminal.write(json: ProgramShape.list([program]))
            : Terminal.write(ProgramText.details(program, style: output.style), to: .output)
    }
}
