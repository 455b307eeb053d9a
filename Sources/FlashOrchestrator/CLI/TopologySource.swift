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

    /// The topology with its warnings; faults are thrown as the daemon would.
    func decodeValid() throws(DaemonClient.Failure) -> (topology: Topology, warnings: [ServiceDiagnostic]) {
        let (topology, diagnostics) = decode()
        guard let topology else { throw faults(diagnostics) }
        return (topology, diagnostics.map(ServiceDiagnostic.init))
    }

    /// What the daemon is sent, which decodes it. Text that is too long or not UTF-8 cannot be sent: that is a fault of
    /// the file.
    func request() throws(DaemonClient.Failure) -> TopologyRequest {
        guard bytes.count <= YAMLLimits.standard.bytes, let text = String(validating: bytes, as: UTF8.self) else {
            throw faults(decode().diagnostics)
        }
        return TopologyRequest(text: text, file: file, variables: variables)
    }

    private func faults(_ diagnostics: [Diagnostic]) -> DaemonClient.Failure {
        .service(ServiceError(faultsOf: file, diagnostics.map(ServiceDiagnostic.init)))
    }

    func show(_ diagnostics: [Diagnostic], style: TextStyle) {
        let renderer = DiagnosticRenderer(file: file, text: bytes, colour: style.isColored)
        Terminal.write(renderer.render(diagnostics), to: .messages)
    }

    /// Shows what was found in the text.
    func show(_ diagnostics: [ServiceDiagnostic], style: TextStyle) {
        show(diagnostics.map(\.diagnostic), style: style)
    }

    /// Calls the daemon with this text. Faults, whoever finds them, are shown in the text, and printed where JSON was
    /// asked for.
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
