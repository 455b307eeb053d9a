// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Glibc

/// The documented exit codes.
enum CommandExit {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let badInput: Int32 = 2
    static let rollbackFailed: Int32 = 3
    static let notPermitted: Int32 = 4
    /// Of `plan --detailed-exitcode` only.
    static let changes: Int32 = 5
}

/// Why a command ends without having done what it was asked.
struct CommandError: Error {
    var code: Int32
    /// One sentence without a full stop; nil where all has been said already.
    var message: String?
    var help: String?

    init(_ code: Int32, _ message: String? = nil, help: String? = nil) {
        self.code = code
        self.message = message
        self.help = help
    }

    func report() {
        guard let message else { return }
        let style = Terminal.style(.auto, for: .messages)
        Terminal.write("\(style.paint("error", .red)): \(message.printable)\n", to: .messages)
        if let help { Terminal.write("\(style.paint("help", .cyan)): \(help.printable)\n", to: .messages) }
    }
}

extension CommandError {
    init(_ failure: DaemonClient.Failure) {
        switch failure {
        case .noDaemon(let socket):
            self.init(
                CommandExit.notPermitted, "no daemon answers at \(socket)",
                help: "flash-orch apply starts one where none runs")
        case .notPermitted(let socket):
            self.init(
                CommandExit.notPermitted, "the daemon's socket \(socket) is not open to this user",
                help: "run this command as root (sudo)")
        case .broken(let reason):
            self.init(CommandExit.failed, reason, help: "the daemon's log is in its runtime directory")
        case .service(let error):
            let code =
                switch error.kind {
                case .badInput, .notFound, .conflict: CommandExit.badInput
                case .notPermitted, .stopping: CommandExit.notPermitted
                case .failed: CommandExit.failed
                }
            // The faults of a file have been shown in its text.
            self.init(code, error.diagnostics.isEmpty ? error.message : nil, help: error.help)
        }
    }

    static func system(_ what: String, _ code: Int32) -> CommandError {
        CommandError(
            code == EACCES || code == EPERM ? CommandExit.notPermitted : CommandExit.badInput,
            "\(what): \(String(cString: strerror(code)))")
    }
}
