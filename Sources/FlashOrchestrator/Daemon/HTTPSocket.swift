// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Why the daemon's socket could not be made.
package struct HTTPSocketError: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        /// Somebody listens there already.
        case taken
        /// Longer than a Unix socket's address may be.
        case pathTooLong
        /// What lies at the path is no socket.
        case notASocket
        case system(call: String, code: Int32)
    }

    package var path: String
    package var reason: Reason

    package init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }
}

/// The daemon's listening Unix socket, made so that it is never open to others than its owner and group, whatever the umask.
enum HTTPSocket {
    static let mode: mode_t = 0o660
    /// Bytes that `sun_path` holds, with the zero at its end.
    static let pathLimit = 108

    /// Binds a socket at `path`, which replaces one that nobody listens on any more. Returns its descriptor, not yet
    /// listening. The caller makes sure that no two processes do this for one path at a time.
    static func bind(path: String) throws(HTTPSocketError) -> Int32 {
        guard path.utf8.count < pathLimit else { throw HTTPSocketError(path: path, reason: .pathTooLong) }
        try removeStale(path: path)
        let descriptor = try open(path: path)
        // The socket's file takes its mode from the socket's own inode less the umask: it is never wider than `mode`,
        // and chmod gives back what the umask took.
        guard fchmod(descriptor, mode) == 0 else { throw failure("fchmod", path, closing: descriptor) }
        guard withAddress(path, { Glibc.bind(descriptor, $0, $1) }) == 0 else {
            throw failure("bind", path, closing: descriptor)
        }
        guard chmod(path, mode) == 0 else { throw failure("chmod", path, closing: descriptor) }
        return descriptor
    }

    /// True where a process accepts connections at `path`.
    static func isListening(path: String) throws(HTTPSocketError) -> Bool {
        let descriptor = try open(path: path)
        defer { close(descriptor) }
        if withAddress(path, { connect(descriptor, $0, $1) }) == 0 { return true }
        switch errno {
        case ENOENT, ECONNREFUSED: return false
        // The backlog is full: somebody listens, slowly.
        case EAGAIN: return true
        default: throw HTTPSocketError(path: path, reason: .system(call: "connect", code: errno))
        }
    }

    private static func removeStale(path: String) throws(HTTPSocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw HTTPSocketError(path: path, reason: .notASocket) }
        guard try !isListening(path: path) else { throw HTTPSocketError(path: path, reason: .taken) }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw HTTPSocketError(path: path, reason: .system(call: "unlink", code: errno))
        }
    }

    private static func open(path: String) throws(HTTPSocketError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw HTTPSocketError(path: path, reason: .system(call: "socket", code: errno)) }
        return descriptor
    }

    private static func failure(_ call: String, _ path: String, closing descriptor: Int32) -> HTTPSocketError {
        let code = errno
        close(descriptor)
        return HTTPSocketError(
            path: path, reason: code == EADDRINUSE ? .taken : .system(call: call, code: code))
    }

    private static func withAddress<Result>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { space in
            // One byte less than there is, so that a zero always ends it.
            space.prefix(pathLimit - 1).copyBytes(from: path.utf8.prefix(pathLimit - 1))
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
