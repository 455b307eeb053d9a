// SPDX-License-Identifier: Apache-2.0

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
        let open = ConnectionCount()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                guard open.enter(limit: limits.connections) else {
                    return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
                }
                channel.closeFuture.whenComplete { _ in open.leave() }
                return channel.eventLoop.makeCompletedFuture {
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

    /// Takes no more connections; those that are open go on.
    package func stop() async {
        try? await channel.close()
    }
}

/// How many connections are open.
private final class ConnectionCount: Sendable {
    private let count = Atomic<Int>(0)

    func enter(limit: Int) -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        leave()
        return false
    }

    func leave() {
        count.subtract(1, ordering: .relaxed)
    }
}
