// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// How a command ended and what it wrote.
struct CommandResult: CustomStringConvertible {
    var command: String
    /// The exit code; 128 and the signal's number where a signal ended it.
    var status: Int32
    var output: String
    var messages: String

    var description: String {
        "$ \(command)\n\(output)\(messages)exit \(status)"
    }

    /// The same result, with a failed test where the exit code is another one.
    @discardableResult
    func expecting(_ status: Int32 = 0, at location: SourceLocation = #_sourceLocation) throws -> CommandResult {
        try #require(self.status == status, "\(self)", sourceLocation: location)
        return self
    }

    func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(output.utf8))
        } catch {
            Issue.record("\(error)\n\(self)")
            throw error
        }
    }
}

/// A process that runs beside the test.
final class BackgroundCommand: Sendable {
    let identifier: Int32
    private let command: String
    private let process: Process
    private let files: (output: URL, messages: URL)
    private let ended: AsyncStream<Void>

    /// - Parameter environment: added to the test's own.
    init(_ arguments: [String], environment: [String: String] = [:], input: String? = nil) throws {
        let folder = FileManager.default.temporaryDirectory
        let name = "flash-it-" + UUID().uuidString
        files = (folder.appending(path: name + ".out"), folder.appending(path: name + ".err"))
        for file in [files.output, files.messages] {
            try #require(FileManager.default.createFile(atPath: file.path, contents: nil))
        }
        command = arguments.joined(separator: " ")
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = try FileHandle(forWritingTo: files.output)
        process.standardError = try FileHandle(forWritingTo: files.messages)
        if let input {
            let file = folder.appending(path: name + ".in")
            try input.write(to: file, atomically: false, encoding: .utf8)
            process.standardInput = try FileHandle(forReadingFrom: file)
            try FileManager.default.removeItem(at: file)
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        self.ended = ended
        process.terminationHandler = { _ in continuation.finish() }
        try process.run()
        identifier = process.processIdentifier
    }

    func signal(_ number: Int32) {
        kill(identifier, number)
    }

    /// Waits for its end.
    func result() async throws -> CommandResult {
        for await _ in ended {}
        defer {
            try? FileManager.default.removeItem(at: files.output)
            try? FileManager.default.removeItem(at: files.messages)
        }
        let isSignal = process.terminationReason == .uncaughtSignal
        return CommandResult(
            command: command, status: isSignal ? 128 + process.terminationStatus : process.terminationStatus,
            output: try text(files.output), messages: try text(files.messages))
    }

    /// What it wrote so far.
    var output: String { (try? text(files.output)) ?? "" }

    private func text(_ file: URL) throws -> String {
        String(decoding: try Data(contentsOf: file), as: UTF8.self)
    }
}

/// Runs a command to its end.
func run(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil
) async throws -> CommandResult {
    try await BackgroundCommand(arguments, environment: environment, input: input).result()
}

/// Waits until a state is reached; a failed test where it is not within `seconds`.
func eventually(
    within seconds: Double = 10, _ what: String, at location: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now.advanced(by: .seconds(seconds))
    while try await !condition() {
        try #require(ContinuousClock.now < end, "not within \(seconds) s: \(what)", sourceLocation: location)
        try await Task.sleep(for: .milliseconds(10))
    }
}
