// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Dispatch
import FlashOrchestrator
import FlashRuntime
import Glibc
import Logging

struct DaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon", abstract: "Supervises what runs; apply starts one where none runs.",
        discussion: """
            Stays in the foreground and logs to standard error. SIGTERM and SIGINT end it, and leave the chains \
            running: the next daemon takes them over.
            """)

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        guard geteuid() == 0 else {
            throw CommandError(
                CommandExit.notPermitted, "only root can run the daemon", help: "run this command as root (sudo)")
        }
        guard let worker = RuntimePaths.worker else {
            throw CommandError(
                CommandExit.badInput, "flash-nf is neither beside \(RuntimePaths.executable) nor in its libexec folder",
                help: "set FLASH_ORCH_NF to its path")
        }
        guard mkdir(RuntimePaths.directory, 0o750) == 0 || errno == EEXIST else {
            throw CommandError.system(RuntimePaths.directory, errno)
        }
        signal(SIGPIPE, SIG_IGN)
        let end = EndSignals()
        var logger = Logger(label: "flash-orch") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .info
        let daemon = try await start(worker, logger: logger)
        let routes = HTTPRoutes(service: daemon)
        let server: HTTPServer
        do {
            server = try await HTTPServer.start(path: connection.path) { await routes.answer($0) }
        } catch {
            throw CommandError(CommandExit.failed, "\(connection.path): \(error)")
        }
        logger.info(
            "ready", metadata: ["socket": "\(connection.path)", "pid": "\(getpid())", "version": "\(Version.current)"])
        ReadyNotice.send()
        let received = await end.first()
        logger.info("ending, chains keep running", metadata: ["signal": "\(received)"])
        await server.stop()
        // With this a successor may have the socket's path.
        await daemon.stop()
        // Whoever waited for a change hears how it went.
        await server.drain(milliseconds: 2000)
    }

    private func start(_ worker: String, logger: Logger) async throws -> Daemon {
        do throws(ServiceError) {
            return try await Daemon.start(directory: RuntimePaths.directory, worker: worker, logger: logger)
        } catch {
            throw CommandError(.service(error))
        }
    }
}

/// The signals that end the daemon, from when this is made.
private final class EndSignals {
    private let sources: [any DispatchSourceSignal]
    private let received: AsyncStream<Int32>

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        received = stream
        sources = [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
    }

    /// Waits for one of them.
    func first() async -> Int32 {
        for await number in received { return number }
        return 0
    }
}
