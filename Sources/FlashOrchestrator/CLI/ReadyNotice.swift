// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc

/// How a daemon says that it answers: `READY=1` to the datagram socket that NOTIFY_SOCKET names, as systemd defines it
/// (sd_notify(3)).
enum ReadyNotice {
    /// Does nothing where nobody asked.
    static func send() {
        guard let address = Terminal.environment("NOTIFY_SOCKET"), let descriptor = socket() else { return }
        defer { close(descriptor) }
        let text = Array("READY=1".utf8)
        _ = withAddress(address) { sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, $1) }
    }

    private static func socket() -> Int32? {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        return descriptor < 0 ? nil : descriptor
    }

    /// - Parameter name: a path, or `@` and a name in the abstract namespace.
    private static func withAddress<Result>(
        _ name: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = name.utf8.prefix(MemoryLayout.size(ofValue: address.sun_path) - 1)
        withUnsafeMutableBytes(of: &address.sun_path) { space in
            space.copyBytes(from: bytes)
            if name.hasPrefix("@") { space[0] = 0 }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// The end that waits for the notice.
    struct Listener: ~Copyable {
        enum Outcome {
            case ready
            case exited
            case timedOut
        }

        /// What NOTIFY_SOCKET is to be.
        let address: String
        private let descriptor: Int32

        init() throws(CommandError) {
            guard let descriptor = ReadyNotice.socket() else { throw .system("socket", errno) }
            let address = "@flash-orch-\(getpid())-\(UInt64.random(in: 0 ... .max))"
            guard ReadyNotice.withAddress(address, { bind(descriptor, $0, $1) }) == 0 else {
                let code = errno
                close(descriptor)
                throw .system("bind", code)
            }
            self.address = address
            self.descriptor = descriptor
        }

        deinit {
            close(descriptor)
        }

        /// Waits for the notice, the end of the process, or the end of patience.
        func wait(for process: pid_t, milliseconds: Int32) -> Outcome {
            guard let handle = try? ProcessHandle.open(identifier: process) else { return .exited }
            var polled = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: handle.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            var result = poll(&polled, 2, milliseconds)
            while result < 0 && errno == EINTR { result = poll(&polled, 2, milliseconds) }
            if polled[0].revents != 0 { return .ready }
            return result == 0 ? .timedOut : .exited
        }
    }
}
