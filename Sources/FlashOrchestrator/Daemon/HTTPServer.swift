// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// HTTP/1.1 over a Unix socket, one request a connection.
package final class HTTPServer: Sendable {
    private let channel: any Channel
    private let path: String

    /// Listens at `path` until `stop`; each request is answered by `answer`, many at a time.
    ///
    /// - Parameter path: a socket that nobody listens on is replaced; the caller makes sure that no other process does the same now.
    /// - Throws: `HTTPSocketError`.
    package static func start(
        path: String, limits: HTTPLimits = HTTPLimits(),
        answer: @escaping @Sendable (HTTPRequest) async -> HTTPAnswer
    ) async throws -> HTTPServer {
        let descriptor = try HTTPSocket.bind(path: path)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptLimit(limit: limits.connections))
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(HTTPServerHandler(limits: limits, answer: answer))
                }
            }
            .withBoundSocket(descriptor).get()
        return HTTPServer(channel: channel, path: path)
    }

    private init(channel: any Channel, path: String) {
        self.channel = channel
        self.path = path
    }

    /// Takes no more connections, and removes the socket; connections that are open go on. Afterwards another process may
    /// listen at the path.
    package func stop() async {
        try? await channel.close()
        unlink(path)
    }
}

/// Closes a connection that is one too many, in the order in which they come.
private final class AcceptLimit: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let limit: Int
    /// A connection closes on a loop of its own.
    private let open = ConnectionCount()

    init(limit: Int) {
        self.limit = limit
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let connection = unwrapInboundIn(data)
        guard open.value.load(ordering: .relaxed) < limit else {
            connection.close(promise: nil)
            return
        }
        open.value.add(1, ordering: .relaxed)
        connection.closeFuture.whenComplete { [open] _ in
            open.value.subtract(1, ordering: .relaxed)
        }
        context.fireChannelRead(data)
    }
}

private final class ConnectionCount: Sendable {
    let value = Atomic<Int>(0)
}
