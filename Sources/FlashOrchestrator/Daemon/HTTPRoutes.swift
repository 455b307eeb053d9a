// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Turns requests into calls of a service, and what it returns into answers.
package struct HTTPRoutes: Sendable {
    private let service: any DaemonService

    package init(service: any DaemonService) {
        self.service = service
    }

    package func answer(_ request: HTTPRequest) async -> HTTPAnswer {
        do {
            return try await route(request)
        } catch {
            return Self.answer(error)
        }
    }

    private func route(_ request: HTTPRequest) async throws(ServiceError) -> HTTPAnswer {
        let path = request.target.path
        guard path.first == "v1" else { throw Self.unknown(path) }
        switch path.count {
        case 2:
            switch path[1] {
            case "health": return try await get(request) { HealthReply(pid: Int(getpid())) }
            case "status":
                return try await get(request) { () throws(ServiceError) in try await service.status(name: nil) }
            case "topologies":
                return try await get(request) { () throws(ServiceError) in try await service.topologies() }
            case "validate":
                return try await post(request) { body throws(ServiceError) in try await service.validate(body.request) }
            case "plan":
                return try await post(request) { body throws(ServiceError) in try await service.plan(body.request) }
            case "apply": return try await apply(request)
            default: throw Self.unknown(path)
            }
        case 3 where path[1] == "status":
            return try await get(request) { () throws(ServiceError) in try await service.status(name: path[2]) }
        case 3 where path[1] == "topologies":
            guard request.method != "DELETE" else { return try await down(request, name: path[2]) }
            return try await get(request, allow: ["GET", "HEAD", "DELETE"]) { () throws(ServiceError) in
                try await service.applied(name: path[2])
            }
        case 4 where path[1] == "nfs" && path[3] == "logs":
            return try await logs(request, name: nil, nf: path[2])
        case 6 where path[1] == "topologies" && path[3] == "nfs" && path[5] == "logs":
            return try await logs(request, name: path[2], nf: path[4])
        default:
            throw Self.unknown(path)
        }
    }

    private func logs(_ request: HTTPRequest, name: String?, nf: String) async throws(ServiceError) -> HTTPAnswer {
        var offset: Int?
        if let text = request.target.query["offset"] {
            guard let number = Int(text), number >= 0 else {
                throw ServiceError(.badInput, "offset is to be a number of bytes, not '\(text)'")
            }
            offset = number
        }
        return try await get(request) { () throws(ServiceError) in
            try await service.logs(LogRequest(name: name, nf: nf, offset: offset))
        }
    }

    private func apply(_ request: HTTPRequest) async throws(ServiceError) -> HTTPAnswer {
        guard request.method == "POST" else { return Self.notAllowed(request, allow: ["POST"]) }
        let body = try Self.decode(request)
        if let deadline = body.deadline, !(deadline > 0 && deadline <= 3600) {
            throw ServiceError(.badInput, "deadline is to be above 0 and at most 3600 seconds")
        }
        let apply = ApplyRequest(topology: body.request, deadline: body.deadline)
        let service = service
        return await Self.stream { progress throws(ServiceError) in
            try await service.apply(apply, progress: progress)
        }
    }

    private func down(_ request: HTTPRequest, name: String) async throws(ServiceError) -> HTTPAnswer {
        let service = service
        return await Self.stream { progress throws(ServiceError) in
            try await service.down(DownRequest(name: name), progress: progress)
        }
    }

    private func get(
        _ request: HTTPRequest, allow: [String] = ["GET", "HEAD"],
        _ call: () async throws(ServiceError) -> some Encodable
    ) async throws(ServiceError) -> HTTPAnswer {
        guard request.method == "GET" || request.method == "HEAD" else {
            return Self.notAllowed(request, allow: allow)
        }
        return try Self.whole(try await call())
    }

    private func post(
        _ request: HTTPRequest, _ call: (TopologyBody) async throws(ServiceError) -> some Encodable
    ) async throws(ServiceError) -> HTTPAnswer {
        guard request.method == "POST" else { return Self.notAllowed(request, allow: ["POST"]) }
        return try Self.whole(try await call(try Self.decode(request)))
    }
}

extension HTTPRoutes {
    /// The operation goes on to its end whether or not the client stays. As long as it has neither begun nor failed nothing
    /// is answered, so that an error before the first event has a status of its own.
    private static func stream(
        _ operation:
            @escaping @Sendable (
                _ progress: @escaping @Sendable (ProgressEvent) -> Void
            ) async throws(ServiceError) -> ApplyReply
    ) async -> HTTPAnswer {
        let (lines, continuation) = AsyncStream.makeStream(of: ProgressLine.self)
        Task {
            do throws(ServiceError) {
                let reply = try await operation { continuation.yield(.event($0)) }
                continuation.yield(.reply(reply))
            } catch {
                continuation.yield(.error(error))
            }
            continuation.finish()
        }
        let (encoded, output) = AsyncStream.makeStream(of: [UInt8].self)
        var iterator = lines.makeAsyncIterator()
        guard let first = await iterator.next() else {
            return answer(ServiceError(.failed, "the daemon did not answer"))
        }
        if case .error(let error) = first { return answer(error) }
        output.yield(json(first))
        Task {
            for await line in lines {
                if case .terminated = output.yield(json(line)) { break }
            }
            output.finish()
        }
        return HTTPAnswer(status: 200, body: .lines(encoded))
    }

    private static func json(_ line: ProgressLine) -> [UInt8] {
        (try? JSONText.encode(line)) ?? ServiceErrorReply(error: unencodable).json
    }

    private static func whole(_ value: some Encodable) throws(ServiceError) -> HTTPAnswer {
        do {
            return HTTPAnswer(status: 200, body: .whole(try JSONText.encode(value)))
        } catch {
            throw unencodable
        }
    }

    private static var unencodable: ServiceError {
        ServiceError(.failed, "the reply cannot be written as JSON")
    }

    private static func decode(_ request: HTTPRequest) throws(ServiceError) -> TopologyBody {
        do {
            return try JSONText.decode(TopologyBody.self, from: request.body)
        } catch {
            throw ServiceError(
                .badInput, "the body is to be JSON with the topology's text",
                help: #"for example {"file": "my.yaml", "text": "version: 1 …", "variables": {}}"#)
        }
    }

    private static func answer(_ error: ServiceError) -> HTTPAnswer {
        let status =
            switch error.kind {
            case .badInput: 400
            case .notPermitted: 403
            case .notFound: 404
            case .conflict: 409
            case .stopping: 503
            case .failed: 500
            }
        return HTTPAnswer(status: status, body: .whole(ServiceErrorReply(error: error).json))
    }

    private static func notAllowed(_ request: HTTPRequest, allow: [String]) -> HTTPAnswer {
        let error = ServiceError(
            .badInput, "\(request.target.text) does not take \(request.method)",
            help: "it takes \(allow.joined(separator: ", "))")
        return HTTPAnswer(status: 405, body: .whole(ServiceErrorReply(error: error).json), allow: allow)
    }

    private static func unknown(_ path: [String]) -> ServiceError {
        ServiceError(
            .notFound, "nothing is found at \(HTTPTarget(path: path).text)",
            help: "see docs/json.md for what the daemon answers to")
    }
}
