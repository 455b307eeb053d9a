// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Glibc
import YAMLBridge

/// The text of a topology file, as the user gave it.
struct TopologySource {
    /// A little above what the parser takes, so that the parser says that there is too much.
    private static let limit = 5 << 20

    /// As it is shown.
    let file: String
    let bytes: [UInt8]

    /// - Parameter file: a path, or `-` for standard input.
    init(file: String) throws(CommandError) {
        self.file = file == "-" ? "stdin" : file
        let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(file, errno) }
        defer { if file != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < Self.limit {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw .system(file, errno) }
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        self.bytes = bytes
    }

    /// The variables that the text names, from the environment: the daemon is not to be told more of it than that.
    var variables: [String: String] {
        var variables: [String: String] = [:]
        for name in YAMLDocument.variableNames(in: bytes) {
            guard let value = getenv(name) else { continue }
            variables[name] = String(cString: value)
        }
        return variables
    }

    func decode() -> (topology: Topology?, diagnostics: [Diagnostic]) {
        TopologyFile.decode(text: bytes, file: file, variables: variables, machine: .current())
    }

    /// What the daemon is sent. Faults that can be found without it are shown and thrown here.
    func request(style: TextStyle, output: OutputOptions) throws -> TopologyRequest {
        let (topology, diagnostics) = decode()
        guard topology != nil, let text = String(validating: bytes, as: UTF8.self) else {
            show(diagnostics, style: style)
            if output.isJSON {
                try Terminal.write(json: ServiceErrorReply(error: Self.faulty(diagnostics.map(ServiceDiagnostic.init))))
            }
            throw CommandError(CommandExit.badInput)
        }
        return TopologyRequest(text: text, file: file, variables: variables)
    }

    func show(_ diagnostics: [Diagnostic], style: TextStyle) {
        let renderer = DiagnosticRenderer(file: file, text: bytes, colour: style.isColored)
        Terminal.write(renderer.render(diagnostics), to: .messages)
    }

    /// Shows what the daemon found in the text. True where it was something.
    @discardableResult
    func show(_ diagnostics: [ServiceDiagnostic], style: TextStyle) -> Bool {
        show(diagnostics.map(\.diagnostic), style: style)
        return !diagnostics.isEmpty
    }

    private static func faulty(_ diagnostics: [ServiceDiagnostic]) -> ServiceError {
        ServiceError(.badInput, "the topology has faults", diagnostics: diagnostics)
    }
}
