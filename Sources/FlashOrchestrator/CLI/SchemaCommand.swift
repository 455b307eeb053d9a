// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator
import FlashRuntime

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of topology files, for editors.")

    func run() throws {
        try Terminal.write(json: JSONSchema.topology(programs: ProgramCatalog.declarations))
    }
}
