// SPDX-License-Identifier: Apache-2.0

internal import NIOCore
internal import NIOHTTP1

/// Sends one answer and closes the connection. A client that leaves it unread too long loses it.
struct HTTPAnswerWriter: Sendable {
    let channel: any Channel
    /// In milliseconds.
    let departure: Int64

    static func head(status: Int, length: Int?, allow: [String] = []) -> HTTPResponseHead {
        var headers = HTTPHeaders([("Connection", "close")])
        if let length {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: String(length))
        } else {
            headers.add(name: "Content-Type", value: "application/x-ndjson")
            headers.add(name: "Transfer-Encoding", value: "chunked")
        }
        if !allow.isEmpty { headers.add(name: "Allow", value: allow.joined(separator: ", ")) }
        return HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
    }

    func write(_ answer: HTTPAnswer, isHead: Bool) async {
        do {
            switch answer.body {
            case .whole(let bytes):
                let head = Self.head(status: answer.status, length: bytes.count + 1, allow: answer.allow)
                try await send(head: head, line: isHead ? nil : bytes, isEnd: true)
            case .lines(let lines):
                try await send(head: Self.head(status: answer.status, length: nil, allow: answer.allow))
                for await line in lines { try await send(line: line) }
                try await send(isEnd: true)
            }
        } catch {
            // The client has gone; there is nobody to tell.
        }
        channel.close(promise: nil)
    }

    private func send(head: HTTPResponseHead? = nil, line: [UInt8]? = nil, isEnd: Bool = false) async throws {
        let channel = channel
        let overdue = channel.eventLoop.scheduleTask(in: .milliseconds(departure)) { channel.close(promise: nil) }
        defer { overdue.cancel() }
        let sent = channel.eventLoop.flatSubmit {
            var parts: [HTTPServerResponsePart] = []
            if let head { parts.append(.head(head)) }
            if let line { parts.append(.body(.byteBuffer(ByteBuffer(bytes: line + [UInt8(ascii: "\n")])))) }
            if isEnd { parts.append(.end(nil)) }
            let promise = channel.eventLoop.makePromise(of: Void.self)
            let pipeline = channel.pipeline.syncOperations
            for part in parts.dropLast() { pipeline.write(NIOAny(part), promise: nil) }
            pipeline.writeAndFlush(NIOAny(parts[parts.count - 1]), promise: promise)
            return promise.futureResult
        }
        try await sent.get()
    }
}
