// SPDX-License-Identifier: Apache-2.0

internal import FlashRuntime
internal import NIOCore
internal import NIOHTTP1

/// Gathers the one request of a connection within the limits, has it answered, and closes.
final class HTTPServerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: HTTPLimits
    private let answer: @Sendable (HTTPRequest) async -> HTTPAnswer
    /// What has arrived of the request; nil before its head.
    private var request: HTTPRequest?
    /// True once the request is complete or refused: what else arrives is of no interest.
    private var isAnswering = false
    private var isArriving: Scheduled<Void>?

    /// A topology of that many bytes leaves a heap behind that is worth being given back.
    private static let largeBody = 64 << 10

    init(limits: HTTPLimits, answer: @escaping @Sendable (HTTPRequest) async -> HTTPAnswer) {
        self.limits = limits
        self.answer = answer
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        isArriving = context.eventLoop.scheduleTask(in: .milliseconds(limits.arrival)) {
            let (handler, context) = bound.value
            handler.refuse(408, "the request did not arrive in time", context: context)
        }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isArriving?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswering else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            receive(head, context: context)
        case .body(let bytes):
            guard (request?.body.count ?? 0) + bytes.readableBytes <= limits.body else {
                return refuse(413, "the body is longer than \(limits.body) bytes", context: context)
            }
            request?.body.append(contentsOf: bytes.readableBytesView)
        case .end:
            guard let request else { return }
            start(request, context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError {
            refuse(400, "this is not an HTTP request", context: context)
        } else {
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            // A client may close its side and still wait for the answer.
            if !isAnswering { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func receive(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard let target = HTTPTarget(head.uri) else {
            return refuse(400, "the target of the request does not decode", context: context)
        }
        if let length = head.headers.first(name: "content-length").flatMap(Int.init), length > limits.body {
            return refuse(413, "the body is longer than \(limits.body) bytes", context: context)
        }
        request = HTTPRequest(method: head.method.rawValue, target: target)
        if head.headers[canonicalForm: "expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        }
    }

    private func start(_ request: HTTPRequest, context: ChannelHandlerContext) {
        isAnswering = true
        isArriving?.cancel()
        let writer = HTTPAnswerWriter(channel: context.channel, departure: limits.departure)
        let answer = answer
        let isLarge = request.body.count > Self.largeBody
        Task {
            await writer.write(await answer(request), isHead: request.method == "HEAD")
            if isLarge { Heap.trim() }
        }
    }

    private func refuse(_ status: Int, _ message: String, context: ChannelHandlerContext) {
        guard !isAnswering else { return }
        isAnswering = true
        isArriving?.cancel()
        let error = ServiceError(.badInput, message)
        var body = ByteBuffer(bytes: ServiceErrorReply(error: error).json)
        body.writeStaticString("\n")
        context.write(
            wrapOutboundOut(.head(HTTPAnswerWriter.head(status: status, length: body.readableBytes))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
