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
    private let open: OpenConnections

    /// Listens at `path` until `stop`; each request is answered by `answer`, many at a time.
    ///
    /// - Parameter path: a socket that nobody listens on is replaced; the caller makes sure that no other process does the same now.
    /// - Throws: `HTTPSocketError`.
    package static func start(
        path: String, limits: HTTPLimits = HTTPLimits(),
        answer: @escaping @Sendable (HTTPRequest) async -> HTTPAnswer
    ) async throws -> HTTPServer {
        let descriptor = try HTTPSocket.bind(path: path)
        let open = OpenConnections()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptLimit(limit: limits.connections, open: open))
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
        return HTTPServer(channel: channel, path: path, open: open)
    }

    private init(channel: any Channel, path: String, open: OpenConnections) {
        self.channel = channel
        self.path = path
        self.open = open
    }

    /// Takes no more connections, and removes the socket; connections that are open go on. Afterwards another process may
    /// listen at the path.
    package func stop() async {
        try? await channel.close()
        unlink(path)
    }

    /// Waits until the connections that are open have had their answers and are closed, at most so long.
    package func drain(milliseconds: Int64) async {
        let overdue = channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { [open] in open.giveUp() }
        await open.allClosed()
        overdue.cancel()
    }
}

/// Closes a connection that is one too many, in the order in which they come.
private final class AcceptLimit: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let limit: Int
    private let open: OpenConnections

    init(limit: Int, open: OpenConnections) {
        self.limit = limit
        self.open = open
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let connection = unwrapInboundIn(data)
        guard open.add(limit: limit) else {
            connection.close(promise: nil)
            return
        }
        connection.closeFuture.whenComplete { [open] _ in open.remove() }
        context.fireChannelRead(data)
    }
}

/// How many there are, and who waits for their end. A connection closes on a loop of its own.
private final class OpenConnections: Sendable {
    private struct State {
        var count = 0
        var isGivenUp = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Returns false where there are `limit` already.
    func add(limit: Int) -> Bool {
        state.withLock { state in
            guard state.count < limit else { return false }
            state.count += 1
            return true
        }
    }

    func remove() { change { $0.count -= 1 } }

    /// Lets those who wait go on.
    func giveUp() { change { $0.isGivenUp = true } }

    func allClosed() async {
        await withCheckedContinuation { continuation in change { $0.waiting.append(continuation) } }
    }

    private func change(_ body: (inout State) -> Void) {
        let free = state.withLock { state in
            body(&state)
            guard state.count == 0 || state.isGivenUp else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in free { continuation.resume() }
    }
}
