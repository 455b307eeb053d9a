// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
internal import Glibc

/// Where the daemon keeps what has to outlive it: `topologies/NAME/state.json` and a log for each NF.
package struct RuntimeFolder: Hashable, Sendable {
    package var path: String

    package init(path: String) {
        self.path = path
    }

    package var lockFile: String { "\(path)/daemon.pid" }

    /// A daemon has the folder.
    package var isLocked: Bool {
        guard let file = try? OwnedDescriptor.open(lockFile, flags: O_RDONLY) else { return false }
        return flock(file.rawValue, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    var topologies: String { "\(path)/topologies" }

    func folder(of topology: String) -> String { "\(topologies)/\(topology)" }
    func stateFile(of topology: String) -> String { "\(folder(of: topology))/state.json" }
    func log(of nf: String, in topology: String) -> String { "\(folder(of: topology))/\(nf).log" }

    /// Names of the topologies that have a state file.
    func recordedTopologies() -> [String] {
        SystemFile.names(in: topologies).filter { SystemFile.exists(stateFile(of: $0)) }
    }

    func make(topology: String) throws(SystemError) {
        for folder in [path, topologies, folder(of: topology)] {
            guard mkdir(folder, 0o750) != 0, errno != EEXIST else { continue }
            throw SystemError(call: "mkdir", code: errno, context: folder)
        }
    }

    /// Removes a topology's folder and the files that the daemon made in it.
    func remove(topology: String) {
        let folder = folder(of: topology)
        for name in SystemFile.names(in: folder) where name.hasSuffix(".log") || name.hasPrefix("state.json") {
            unlink("\(folder)/\(name)")
        }
        rmdir(folder)
    }

    /// Replaces a file: whoever reads it sees the old text or the new one.
    func write(_ bytes: [UInt8], to file: String) throws(SystemError) {
        let temporary = file + ".new"
        let descriptor = try OwnedDescriptor.open(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try SystemError.retry("write", context: temporary) {
                rest.withUnsafeBytes { Glibc.write(descriptor.rawValue, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
        try SystemError.retry("rename", context: file) { rename(temporary, file) }
    }
}

/// The lock by which there is one daemon for a runtime folder; it is let go when the process ends.
struct DaemonLock: ~Copyable {
    private let file: OwnedDescriptor

    /// How long a daemon that was killed may take to let go, in milliseconds: the kernel first closes its sockets.
    private static let patience = 2000

    /// - Throws: EWOULDBLOCK where another daemon holds it.
    init(_ folder: RuntimeFolder) throws(SystemError) {
        guard mkdir(folder.path, 0o750) == 0 || errno == EEXIST else {
            throw SystemError(call: "mkdir", code: errno, context: folder.path)
        }
        let file = try OwnedDescriptor.open(folder.lockFile, flags: O_RDWR | O_CREAT, mode: 0o644)
        var waited = 0
        while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EINTR || errno == EWOULDBLOCK && waited < Self.patience else {
                throw SystemError(call: "flock", code: errno, context: folder.lockFile)
            }
            usleep(10_000)
            waited += 10
        }
        let text = Array("\(getpid())\n".utf8)
        ftruncate(file.rawValue, 0)
        try SystemError.retry("pwrite", context: folder.lockFile) { pwrite(file.rawValue, text, text.count, 0) }
        self.file = file
    }
}
