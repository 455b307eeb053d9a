// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Calls a daemon over its Unix socket, one connection a request.
package struct HTTPClient: Sendable {
    package enum Failure: Error, Hashable, Sendable {
        /// Nobody listens at the socket, or there is none.
        case nobodyListens
        case notPermitted
        /// The connection ended, or was silent too long, before the answer was complete; or the answer is not HTTP.
        case broken(String)
    }

    package struct Reply: Hashable, Sendable {
        package var status: Int
        /// What was not passed on as lines.
        package var body: [UInt8]
    }

    package let socket: String

    package init(socket: String) {
        self.socket = socket
    }

    /// - Parameters:
    ///   - silence: for how many milliseconds the daemon may send nothing; nil: for ever.
    ///   - line: gets each line of an answer that comes in lines, as it comes, on a thread of the transport.
    package func call(
        _ request: HTTPRequest, silence: Int64? = 30_000, line: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws(Failure) -> Reply {
        do {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let reply = loop.makePromise(of: Reply.self)
            let connected = ClientBootstrap(group: loop)
                .connectTimeout(.seconds(5))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers()
                        if let silence {
                            try pipeline.addHandler(IdleStateHandler(readTimeout: .milliseconds(silence)))
                        }
                        try pipeline.addHandler(HTTPClientHandler(request: request, reply: reply, line: line))
                    }
                }
                .connect(unixDomainSocketPath: socket)
            connected.whenFailure { reply.fail($0) }
            return try await reply.futureResult.get()
        } catch let failure as Failure {
            throw failure
        } catch let error as IOError {
            switch error.errnoCode {
            case ENOENT, ECONNREFUSED: throw .nobodyListens
            case EACCES, EPERM: throw .notPermitted
            case let code: throw .broken(String(cString: strerror(code)))
            }
        } catch {
            throw .broken("\(error)")
        }
    }
}

/// Sends one request and gathers its answer.
private final class HTTPClientHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequest
    private let reply: EventLoopPromise<HTTPClient.Reply>
    private let line: @Sendable ([UInt8]) -> Void
    private var status = 0
    private var comesInLines = false
    private var body: [UInt8] = []

    init(
        request: HTTPRequest, reply: EventLoopPromise<HTTPClient.Reply>, line: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.request = request
        self.reply = reply
        self.line = line
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers = HTTPHeaders([("Host", "localhost"), ("Connection", "close")])
        if !request.body.isEmpty {
            headers.add(name: "Content-Type", value: "application/json")
            headers.add(name: "Content-Length", value: String(request.body.count))
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method), uri: request.target.text, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
            comesInLines = head.headers.first(name: "content-type") == "application/x-ndjson"
        case .body(let bytes):
            body.append(contentsOf: bytes.readableBytesView)
            if comesInLines { passLines() }
        case .end:
            reply.succeed(HTTPClient.Reply(status: status, body: body))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        reply.fail(HTTPClient.Failure.broken("the connection ended before the answer did"))
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            reply.fail(HTTPClient.Failure.broken("no answer came in time"))
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        reply.fail(error is HTTPParserError ? HTTPClient.Failure.broken("the answer is not HTTP") : error)
        context.close(promise: nil)
    }

    private func passLines() {
        var rest = body[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line(Array(rest[..<end]))
            rest = rest[(end + 1)...]
        }
        body = Array(rest)
    }
}
