// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Glibc

/// Starts a daemon where none runs.
enum DaemonLauncher {
    /// How long a daemon may take until it answers, in milliseconds. One that takes over a large chain needs a while.
    private static let patience: Int32 = 20_000

    /// Returns once a daemon answers at the socket.
    static func ensure(_ connection: ConnectionOptions) async throws {
        do {
            _ = try await connection.client.health()
            return
        } catch .noDaemon {
            guard geteuid() == 0 else {
                throw CommandError(
                    CommandExit.notPermitted, "no daemon runs at \(connection.path), and only root can start one",
                    help: "run this command as root (sudo), or start the daemon: sudo flash-orch daemon")
            }
        } catch {
            throw CommandError(error)
        }
        let end = ContinuousClock.now.advanced(by: .milliseconds(patience))
        while try start(socket: connection.path) == .exited {
            // One that ends at once may have met another that takes over, or that is about to end.
            guard holdsLock() else { throw failed("the daemon ended at once") }
            while holdsLock() {
                if (try? await connection.client.health()) != nil { return }
                guard ContinuousClock.now < end else {
                    throw failed("another daemon runs, and does not answer at \(connection.path)")
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Another daemon has the runtime folder.
    private static func holdsLock() -> Bool { RuntimeFolder(path: RuntimePaths.directory).isLocked }

    private static func start(socket: String) throws(CommandError) -> ReadyNotice.Listener.Outcome {
        let notice = try ReadyNotice.Listener()
        let process = try spawn(socket: socket, notify: notice.address)
        let outcome = notice.wait(for: process, milliseconds: patience)
        if outcome == .timedOut { throw failed("the daemon did not become ready within \(patience / 1000) s") }
        return outcome
    }

    private static func failed(_ message: String) -> CommandError {
        CommandError(CommandExit.failed, message, help: "its log is \(RuntimePaths.daemonLog)")
    }

    /// In a session of its own, so that it outlives this command's terminal.
    private static func spawn(socket: String, notify: String) throws(CommandError) -> pid_t {
        guard mkdir(RuntimePaths.directory, 0o750) == 0 || errno == EEXIST else {
            throw .system(RuntimePaths.directory, errno)
        }
        // Whoever waits for the end of something that this command has inherited must not wait for the daemon's.
        OwnedDescriptor.closeOnExec(from: STDERR_FILENO + 1)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(
            &actions, STDOUT_FILENO, RuntimePaths.daemonLog, O_WRONLY | O_CREAT | O_APPEND, 0o640)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Threads of the concurrency library block all signals, and the transport ignores SIGPIPE.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // glibc hides POSIX_SPAWN_SETSID (0x80) behind _GNU_SOURCE.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | 0x80))

        let executable = RuntimePaths.executable
        var inherited = ProcessEnvironment.all.filter { !$0.hasPrefix("NOTIFY_SOCKET=") }
        inherited.append("NOTIFY_SOCKET=\(notify)")
        let arguments = CStrings([executable, "daemon", "--socket", socket])
        let environment = CStrings(inherited)
        var process = pid_t()
        let code = posix_spawn(&process, executable, &actions, &attributes, arguments.pointers, environment.pointers)
        guard code == 0 else { throw .system(executable, code) }
        return process
    }
}

/// Strings for C, which live as long as this.
private final class CStrings {
    let pointers: [UnsafeMutablePointer<CChar>?]

    init(_ strings: [String]) {
        pointers = strings.map { strdup($0) } + [nil]
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }
}

private enum ProcessEnvironment {
    static var all: [String] {
        var result: [String] = []
        var entry = environ
        while let text = entry.pointee {
            result.append(String(cString: text))
            entry += 1
        }
        return result
    }
}
