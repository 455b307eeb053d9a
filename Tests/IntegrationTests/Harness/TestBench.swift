// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Synchronization
import Testing

/// A runtime directory of its own, and the command line as a user has it.
final class TestBench: Sendable {
    let directory: String
    /// What a test started beside itself; what still runs at its end is ended.
    private let background = Mutex<[BackgroundCommand]>([])
    /// Daemons that it started; the last of them takes down what is left.
    private let daemons = Mutex<[BackgroundCommand]>([])

    private init(directory: String) {
        self.directory = directory
    }

    /// Runs `body`, takes down what it left, ends the daemon, and checks that nothing stays behind.
    static func with(
        at location: SourceLocation = #_sourceLocation, _ body: (TestBench) async throws -> Void
    ) async throws {
        try #require(
            geteuid() == 0,
            "integration tests make network namespaces and AF_XDP sockets: run as root (sudo make test)",
            sourceLocation: location)
        let before = try await Leftovers.take()
        let bench = TestBench(directory: "/tmp/flash-it-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(atPath: bench.directory, withIntermediateDirectories: true)
        var failure: (any Error)?
        do {
            try await body(bench)
        } catch {
            failure = error
            await bench.showLog(location)
        }
        await bench.tearDown(location)
        if let failure { throw failure }
        let after = try await Leftovers.take()
        #expect(after == before, "something was left behind", sourceLocation: location)
        #expect(bench.files == [], "files were left behind", sourceLocation: location)
        try FileManager.default.removeItem(atPath: bench.directory)
    }

    private var environment: [String: String] { ["FLASH_ORCH_RUNTIME_DIR": directory] }

    /// Runs flash-orch to its end.
    func flashOrch(
        _ arguments: String..., environment: [String: String] = [:], input: String? = nil
    ) async throws -> CommandResult {
        try await run(
            [Programs.flashOrch] + arguments, environment: self.environment.merging(environment) { $1 }, input: input)
    }

    func start(_ arguments: String...) throws -> BackgroundCommand {
        try start([Programs.flashOrch] + arguments)
    }

    /// Starts a daemon, and returns once it answers. It is ended with the bench.
    func startDaemon(at location: SourceLocation = #_sourceLocation) async throws {
        let daemon = try BackgroundCommand([Programs.flashOrch, "daemon"], environment: environment)
        daemons.withLock { $0.append(daemon) }
        // It answers once what it found runs: over twenty steps in an emulated machine take more than 20 s.
        try await eventually(within: 60, "the daemon answers", at: location) {
            try await flashOrch("status").status == 0
        }
    }

    /// Applies a topology's text; a failed test where that does not end well.
    @discardableResult
    func apply(_ text: String, at location: SourceLocation = #_sourceLocation) async throws -> ApplyReply {
        try await flashOrch("apply", "-", "-o", "json", input: text).expecting(at: location).json()
    }

    func status(
        _ name: String, at location: SourceLocation = #_sourceLocation
    ) async throws -> TopologyStatus {
        let report: StatusReport = try await flashOrch("status", name, "-o", "json").expecting(at: location).json()
        return try #require(report.topologies.first { $0.name == name }, sourceLocation: location)
    }

    func daemon() async throws -> DaemonStatus {
        try await flashOrch("status", "-o", "json").expecting().json(StatusReport.self).daemon
    }

    /// Runs a command in a lab host.
    func host(_ name: String, _ command: String...) async throws -> CommandResult {
        try await host(name, command)
    }

    func host(_ name: String, _ command: [String]) async throws -> CommandResult {
        try await run([Programs.flashOrch, "exec", name, "--"] + command, environment: environment)
    }

    func startInHost(_ name: String, _ command: String...) throws -> BackgroundCommand {
        try start([Programs.flashOrch, "exec", name, "--"] + command)
    }

    private func start(_ command: [String]) throws -> BackgroundCommand {
        let started = try BackgroundCommand(command, environment: environment)
        background.withLock { $0.append(started) }
        return started
    }

    /// A file beside the runtime directory's own, removed at the end.
    func write(_ text: String, to name: String) throws -> String {
        let path = directory + "/test-" + name
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func tearDown(_ location: SourceLocation) async {
        for command in background.withLock({ $0 }) { await command.end() }
        do {
            let list = try await flashOrch("status", "-o", "json")
            guard list.status == 0 else { return }
            let report: StatusReport = try list.json()
            for topology in report.topologies {
                try await flashOrch("down", topology.name).expecting(at: location)
            }
            kill(pid_t(report.daemon.pid), SIGTERM)
            try await eventually("the daemon ends", at: location) { !isRunning(report.daemon.pid) }
            for daemon in daemons.withLock({ $0 }) { await daemon.end() }
        } catch {
            Issue.record(error, sourceLocation: location)
        }
    }

    /// What is left in the runtime directory but for the daemon's log, its lock and the test's own files; topologies.
    private var files: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let topologies = (try? FileManager.default.contentsOfDirectory(atPath: directory + "/topologies")) ?? []
        return topologies
            + names.filter { !["daemon.log", "daemon.pid", "topologies"].contains($0) && !$0.hasPrefix("test-") }
    }

    /// What its daemons have said: one that an apply started in their file, others on their standard error.
    private func showLog(_ location: SourceLocation) async {
        let file = (try? String(contentsOfFile: directory + "/daemon.log", encoding: .utf8)) ?? ""
        let log = ([file] + daemons.withLock { $0 }.map(\.messages)).joined()
        if !log.isEmpty { Issue.record("the daemon's log:\n\(log.suffix(8000))", sourceLocation: location) }
    }
}

extension TopologyStatus {
    func nf(_ name: String, at location: SourceLocation = #_sourceLocation) throws -> FunctionStatus {
        try #require(nfs.first { $0.name == name }, sourceLocation: location)
    }

    /// Numbers of the worker processes by NF.
    var workers: [String: Int] {
        Dictionary(uniqueKeysWithValues: nfs.compactMap { nf in nf.pid.map { (nf.name, $0) } })
    }

    /// That all runs as the file says, and that every frame is accounted for.
    func expectHealthy(at location: SourceLocation = #_sourceLocation) {
        #expect(state == .running, sourceLocation: location)
        #expect(differences == [], sourceLocation: location)
        #expect(nfs.allSatisfy { $0.state == .running && $0.pid != nil }, sourceLocation: location)
        #expect(links.allSatisfy { $0.isProven }, sourceLocation: location)
        #expect(queues.allSatisfy { $0.isAttached }, sourceLocation: location)
        #expect(frames.missing == 0 && frames.duplicated == 0, sourceLocation: location)
    }
}
