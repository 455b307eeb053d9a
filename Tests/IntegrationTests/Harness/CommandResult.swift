// SPDX-License-Identifier: Apache-2.0

import Dispatch
import FlashRuntime
import Foundation
import Synchronization
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

/// A process that runs beside the test. Foundation's `Process` would do, but it takes a process for running as long as
/// any of its descendants has the descriptors that it inherited.
final class BackgroundCommand: Sendable {
    let identifier: Int32
    private let command: String
    private let files: (output: URL, messages: URL)
    /// As `waitpid` gave it, once.
    private let status = Mutex<Int32?>(nil)

    /// - Parameter environment: added to the test's own.
    init(_ arguments: [String], environment: [String: String] = [:], input: String? = nil) throws {
        let folder = FileManager.default.temporaryDirectory
        let name = "flash-it-" + UUID().uuidString
        files = (folder.appending(path: name + ".out"), folder.appending(path: name + ".err"))
        command = arguments.joined(separator: " ")
        let file = folder.appending(path: name + ".in")
        if let input { try input.write(to: file, atomically: false, encoding: .utf8) }
        defer { unlink(file.path) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input == nil ? "/dev/null" : file.path, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, files.output.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, files.messages.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        // Threads of the cooperative pool block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let words = arguments.map { strdup($0) } + [nil]
        let settings = variables.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in words + settings { free(text) } }
        var identifier = pid_t()
        OwnedDescriptor.closeOnExec(from: 3)
        let code = posix_spawnp(&identifier, arguments[0], &actions, &attributes, words, settings)
        try #require(code == 0, "\(command): \(String(cString: strerror(code)))")
        self.identifier = identifier
    }

    func signal(_ number: Int32) {
        if status.withLock({ $0 }) == nil { kill(identifier, number) }
    }

    /// Waits for its end.
    func result() async throws -> CommandResult {
        let status = await ended()
        defer { removeFiles() }
        let signal = status & 0x7f
        return CommandResult(
            command: command, status: signal != 0 ? 128 + signal : (status >> 8) & 0xff, output: try text(files.output),
            messages: try text(files.messages))
    }

    /// Ends it where it still runs.
    func end() async {
        guard status.withLock({ $0 }) == nil else { return }
        signal(SIGTERM)
        _ = await ended()
        removeFiles()
    }

    private func ended() async -> Int32 {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [self] in
                var status: Int32 = 0
                while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
                self.status.withLock { $0 = status }
                continuation.resume(returning: status)
            }
        }
    }

    private func removeFiles() {
        unlink(files.output.path)
        unlink(files.messages.path)
    }

    /// What it wrote so far.
    var output: String { (try? text(files.output)) ?? "" }
    /// What it wrote so far to its standard error.
    var messages: String { (try? text(files.messages)) ?? "" }

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

/// False also for a process that has ended and that nobody has taken the status of yet.
func isRunning(_ process: Int) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
    return text.split(separator: ")").last?.hasPrefix(" Z") == false
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
