// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import Logging

/// A daemon in this process, with a runtime folder of its own. What it applied is taken down at the end.
final class DaemonHarness {
    let folder: String
    private(set) var daemon: Daemon

    private init(folder: String, daemon: Daemon) {
        self.folder = folder
        self.daemon = daemon
    }

    static func run(_ name: String, _ body: (DaemonHarness) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/flash-daemon-\(name)-\(getpid())"
        let harness = DaemonHarness(folder: folder, daemon: try await start(folder))
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(harness))
        } catch {
            result = .failure(error)
        }
        for entry in try await harness.daemon.topologies().topologies {
            _ = try await harness.daemon.down(DownRequest(name: entry.name)) { _ in }
        }
        await harness.daemon.stop()
        try? FileManager.default.removeItem(atPath: folder)
        try result.get()
    }

    /// Ends the daemon, does something while none runs, and starts another one, as after `systemctl restart`.
    func restart(_ between: () throws -> Void = {}) async throws {
        await daemon.stop()
        try between()
        daemon = try await Self.start(folder)
    }

    private static func start(_ folder: String) async throws -> Daemon {
        try await Daemon.start(
            directory: folder, worker: workerPath, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// `flash-nf` lies beside the test bundle.
    static var workerPath: String {
        let argument = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: argument).deletingLastPathComponent().path + "/flash-nf"
    }

    @discardableResult
    func apply(_ text: String, deadline: Double? = nil) async throws -> ApplyReply {
        try await daemon.apply(
            ApplyRequest(topology: TopologyRequest(text: text, file: "test.yaml"), deadline: deadline)
        ) { _ in }
    }

    func status(_ name: String) async throws -> TopologyStatus {
        let report = try await daemon.status(name: name)
        guard let status = report.topologies.first else { throw Missing(what: name) }
        return status
    }

    func nf(_ name: String, in topology: String) async throws -> FunctionStatus {
        guard let nf = try await status(topology).nfs.first(where: { $0.name == name }) else {
            throw Missing(what: name)
        }
        return nf
    }

    /// Waits for something that the daemon's status shows.
    func wait(seconds: Double = 5, _ condition: () async throws -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(2))
        }
        return false
    }

    struct Missing: Error {
        var what: String
    }
}

/// A command in a lab host.
func inHost(_ namespace: String, _ words: [String]) -> String? {
    try? Command(["ip", "netns", "exec", namespace] + words).run()
}
