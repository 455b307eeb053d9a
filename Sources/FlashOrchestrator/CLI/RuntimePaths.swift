// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Where the daemon keeps what it needs, and where the worker's program lies; the environment may say otherwise.
enum RuntimePaths {
    static var directory: String {
        absolute(Terminal.environment("FLASH_ORCH_RUNTIME_DIR") ?? "/run/flash-orch")
    }

    static var socket: String {
        Terminal.environment("FLASH_ORCH_SOCKET").map(absolute) ?? directory + "/flash-orch.sock"
    }

    static var daemonLog: String { directory + "/daemon.log" }

    /// This program itself.
    static var executable: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard readlink("/proc/self/exe", &buffer, Int(PATH_MAX)) > 0 else { return CommandLine.arguments[0] }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Seen from the current folder; the daemon leaves that.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return String(cString: folder) + "/" + path
    }

    /// `flash-nf`, beside this program or in the libexec folder beside its folder; nil where it is not found.
    static var worker: String? {
        if let path = Terminal.environment("FLASH_ORCH_NF") { return absolute(path) }
        let folder = executable.split(separator: "/").dropLast()
        let candidates = [
            "/" + (folder + ["flash-nf"]).joined(separator: "/"),
            "/" + (folder.dropLast() + ["libexec", "flash-orch", "flash-nf"]).joined(separator: "/"),
        ]
        return candidates.first { access($0, X_OK) == 0 }
    }
}
