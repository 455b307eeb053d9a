// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator
import FlashRuntime

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what this machine can do, and what to do about the rest.",
        discussion: "Exit code 1 where something is missing without which topologies do not run.")

    @OptionGroup var output: OutputOptions

    func run() throws {
        let lines = Doctor.examine()
        output.isJSON
            ? try Terminal.write(json: DoctorReport(lines: lines))
            : Terminal.write(DoctorText.render(lines, style: output.style), to: .output)
        if lines.contains(where: { $0.state == .missing }) { throw CommandError(CommandExit.failed) }
    }
}

/// The JSON shape of `flash-orch doctor -o json`.
struct DoctorReport: Encodable {
    var version = 1
    var lines: [DoctorLine]
}
