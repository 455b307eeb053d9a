// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// A command of the system that is run to its end.
package struct Command: Hashable, Sendable {
    /// The program's name, then its arguments.
    package var words: [String]
    /// What it reads from its standard input.
    package var input: String

    package init(_ words: [String], input: String = "") {
        self.words = words
        self.input = input
    }

    /// The folders where system commands lie; a daemon's PATH may lack some of them.
    package static let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"]

    /// Path of a program; nil where none of the folders has it.
    package static func find(_ name: String) -> String? {
        folders.lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Runs the command and returns what it wrote to its standard output. Throws where it does not exit with 0.
    @discardableResult
    package func run() throws(CommandError) -> String {
        let name = words.first ?? ""
        guard let path = name.hasPrefix("/") ? name : Self.find(name) else {
            throw CommandError(
                command: self, end: nil, output: "\(name) is not installed in \(Self.folders.joined(separator: ", "))")
        }
        let result: (end: ProcessExit, output: String, messages: String)
        do {
            result = try execute(path)
        } catch {
            throw CommandError(command: self, end: nil, output: error.description)
        }
        guard result.end == .exited(0) else {
            let said = result.messages.isEmpty ? result.output : result.messages
            throw CommandError(command: self, end: result.end, output: said)
        }
        return result.output
    }

    private func execute(_ path: String) throws(SystemError) -> (end: ProcessExit, output: String, messages: String) {
        // Files, not pipes: no side ever waits for the other to read.
        let input = try OwnedDescriptor.scratch("input", text: self.input)
        let output = try OwnedDescriptor.scratch("output")
        let messages = try OwnedDescriptor.scratch("messages")
        let process = try spawn(path, descriptors: [input.rawValue, output.rawValue, messages.rawValue])
        var status: Int32 = 0
        try SystemError.retry("waitpid") { waitpid(process, &status, 0) }
        let signal = status & 0x7f
        return (
            signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal), try output.scratchText(),
            try messages.scratchText()
        )
    }

    private func spawn(_ path: String, descriptors: [Int32]) throws(SystemError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (number, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        // A daemon blocks and ignores signals that its commands must get.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let variables = ["PATH=\(Self.folders.joined(separator: ":"))", "LC_ALL=C"]
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for string in arguments + environment { free(string) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, path, &actions, &attributes, &arguments, &environment)
        guard code == 0 else { throw SystemError(call: "posix_spawn", code: code, context: path) }
        return process
    }
}

extension Command: CustomStringConvertible {
    /// As a shell would take it; its input is not shown.
    package var description: String {
        words.map { word in
            let plain = word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "@"):
                    true
                default: false
                }
            }
            if plain && !word.isEmpty { return word }
            return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        }.joined(separator: " ")
    }
}

/// A command that could not be run, or did not exit with 0.
package struct CommandError: Error, Hashable, Sendable, CustomStringConvertible {
    package var command: Command
    /// nil where it could not be started.
    package var end: ProcessExit?
    /// What it said, its messages before its output.
    package var output: String

    package init(command: Command, end: ProcessExit?, output: String) {
        self.command = command
        self.end = end
        self.output = output
    }

    /// `ip link add x type veth: exit code 2: RTNETLINK answers: File exists`
    package var description: String {
        let said = output.split(separator: "\n").joined(separator: "; ")
        let end = end.map { ": \($0)" } ?? ""
        return said.isEmpty ? "\(command)\(end)" : "\(command)\(end): \(said)"
    }
}

extension OwnedDescriptor {
    /// A file in memory that grows, read from its start.
    fileprivate static func scratch(_ name: String, text: String = "") throws(SystemError) -> OwnedDescriptor {
        let file = OwnedDescriptor(taking: try SystemError.check("memfd_create", flash_scratch(name)))
        let bytes = Array(text.utf8)
        if !bytes.isEmpty {
            try SystemError.retry("pwrite") { pwrite(file.rawValue, bytes, bytes.count, 0) }
        }
        return file
    }

    fileprivate borrowing func scratchText() throws(SystemError) -> String {
        lseek(rawValue, 0, SEEK_SET)
        return String(decoding: try SystemFile.readAll(rawValue, context: "output"), as: UTF8.self)
    }
}
