// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The operations of a daemon, called over its socket.
package struct DaemonClient: Sendable {
    package enum Failure: Error, Hashable, Sendable {
        case noDaemon(socket: String)
        case notPermitted(socket: String)
        /// The daemon broke off, or what it said is not what a daemon of this version says.
        case broken(String)
        case service(ServiceError)
    }

    private let transport: HTTPClient
    private let silence: Int64

    /// - Parameter silence: for how many milliseconds the daemon may send nothing, where it does not have to wait for a
    ///   change that it carries out.
    package init(socket: String, silence: Int64 = 30_000) {
        transport = HTTPClient(socket: socket)
        self.silence = silence
    }

    package func health() async throws(Failure) -> HealthReply {
        try await get(["health"])
    }

    package func validate(_ request: TopologyRequest) async throws(Failure) -> ValidationReply {
        try await post("validate", TopologyBody(request), silence: silence)
    }

    package func plan(_ request: TopologyRequest) async throws(Failure) -> PlanReply {
        // It stands behind an apply that is carried out.
        try await post("plan", TopologyBody(request), silence: nil)
    }

    package func status(name: String?) async throws(Failure) -> StatusReport {
        try await get(["status"] + (name.map { [$0] } ?? []))
    }

    package func topologies() async throws(Failure) -> TopologyList {
        try await get(["topologies"])
    }

    package func applied(name: String) async throws(Failure) -> AppliedTopology {
        try await get(["topologies", name])
    }

    package func logs(_ request: LogRequest) async throws(Failure) -> LogReply {
        let path = (request.name.map { ["topologies", $0] } ?? []) + ["nfs", request.nf, "logs"]
        return try await get(path, query: request.offset.map { ["offset": String($0)] } ?? [:])
    }

    /// - Parameter progress: called for each event, in order, on a thread of the transport.
    package func apply(
        _ request: ApplyRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
    ) async throws(Failure) -> ApplyReply {
        let body = try encode(TopologyBody(request.topology, deadline: request.deadline))
        let target = HTTPTarget(path: ["v1", "apply"])
        return try await stream(HTTPRequest(method: "POST", target: target, body: body), progress: progress)
    }

    package func down(
        name: String, progress: @escaping @Sendable (ProgressEvent) -> Void
    ) async throws(Failure) -> ApplyReply {
        let target = HTTPTarget(path: ["v1", "topologies", name])
        return try await stream(HTTPRequest(method: "DELETE", target: target), progress: progress)
    }
}

extension DaemonClient {
    private func get<Reply: Decodable>(_ path: [String], query: [String: String] = [:]) async throws(Failure) -> Reply {
        let target = HTTPTarget(path: ["v1"] + path, query: query)
        return try decode(try await call(HTTPRequest(method: "GET", target: target), silence: silence))
    }

    private func post<Reply: Decodable>(
        _ operation: String, _ body: TopologyBody, silence: Int64?
    ) async throws(Failure) -> Reply {
        let request = HTTPRequest(
            method: "POST", target: HTTPTarget(path: ["v1", operation]), body: try encode(body))
        return try decode(try await call(request, silence: silence))
    }

    private func stream(
        _ request: HTTPRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
    ) async throws(Failure) -> ApplyReply {
        let last = Mutex<ProgressLine?>(nil)
        // An apply may take as long as its steps' deadlines add up to.
        _ = try await call(request, silence: nil) { text in
            guard let line = try? JSONText.decode(ProgressLine.self, from: text) else { return }
            if case .event(let event) = line { progress(event) }
            last.withLock { $0 = line }
        }
        switch last.withLock({ $0 }) {
        case .reply(let reply): return reply
        case .error(let error): throw .service(error)
        case .event, nil: throw .broken("the daemon broke off before it was done")
        }
    }

    private func call(
        _ request: HTTPRequest, silence: Int64?, line: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) async throws(Failure) -> [UInt8] {
        let reply: HTTPClient.Reply
        do {
            reply = try await transport.call(request, silence: silence, line: line)
        } catch {
            switch error {
            case .nobodyListens: throw .noDaemon(socket: transport.socket)
            case .notPermitted: throw .notPermitted(socket: transport.socket)
            case .broken(let reason): throw .broken(reason)
            }
        }
        guard reply.status == 200 else {
            let answer: ServiceErrorReply = try decode(reply.body)
            throw .service(answer.error)
        }
        return reply.body
    }

    private func encode(_ value: some Encodable) throws(Failure) -> [UInt8] {
        do {
            return try JSONText.encode(value)
        } catch {
            throw .broken("the request cannot be written as JSON")
        }
    }

    private func decode<Value: Decodable>(_ text: [UInt8]) throws(Failure) -> Value {
        do {
            return try JSONText.decode(Value.self, from: text)
        } catch {
            throw .broken("the daemon's answer is of another version than this program")
        }
    }
}
