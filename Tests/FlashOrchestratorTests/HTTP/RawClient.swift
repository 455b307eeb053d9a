// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Glibc
import Synchronization

/// A client that sends any bytes and reads what comes back until the server closes.
struct RawClient {
    struct Failure: Error {
        var call: String
        var code: Int32
    }

    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure(call: "connect", code: errno) }
    }

    /// What the server sends back; a server that closes early is no failure.
    func exchange(_ pieces: [String], closesItsSide: Bool = true) async -> String {
        await withCheckedContinuation { continuation in
            // It blocks, so it is not to sit on a thread that the server's tasks need.
            Thread.detachNewThread {
                for piece in pieces { try? send(piece) }
                if closesItsSide { shutdown(descriptor, Int32(SHUT_WR)) }
                continuation.resume(returning: receive())
                close()
            }
        }
    }

    private func receive() -> String {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer.append(contentsOf: buffer[..<count])
        }
        return String(decoding: answer, as: UTF8.self)
    }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(call: "send", code: errno) }
            rest = rest.dropFirst(count)
        }
    }

    func close() {
        _ = Glibc.close(descriptor)
    }
}

/// Events that arrive on another thread.
final class Events: Sendable {
    private let list = Mutex<[ProgressEvent]>([])

    func append(_ event: ProgressEvent) {
        list.withLock { $0.append(event) }
    }

    var all: [ProgressEvent] { list.withLock { $0 } }
}
