// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Glibc
import Testing

/// The transport over a real Unix socket, with well-behaved and with hostile clients.
@Suite struct HTTPTransportTests {
    /// Serves `service` in a directory of its own for the duration of `body`.
    @discardableResult
    private func serving<Result>(
        _ service: FakeService = FakeService(), limits: HTTPLimits = HTTPLimits(),
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        try await withDirectory { directory async throws in
            let path = directory + "/socket"
            let routes = HTTPRoutes(service: service)
            let server = try await HTTPServer.start(path: path, limits: limits, answer: routes.answer)
            do {
                let result = try await body(path)
                await server.stop()
                return result
            } catch {
                await server.stop()
                throw error
            }
        }
    }

    private func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        var template = Array("/tmp/flash-http-XXXXXX".utf8CString)
        let directory = String(cString: try #require(mkdtemp(&template)))
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try await body(directory)
    }

    @Test func clientAndServerCarryEveryOperation() async throws {
        let service = FakeService()
        try await serving(service) { path async throws in
            let client = DaemonClient(socket: path)
            let request = TopologyRequest(text: "größe", file: "a b.yaml", variables: ["X": "y"])
            #expect(try await client.health().pid == Int(getpid()))
            #expect(try await client.validate(request).name == "x")
            #expect(try await client.plan(request).steps == [FakeService.step])
            #expect(try await client.status(name: "a/b").daemon.pid == 7)
            #expect(try await client.topologies().topologies == [])
            #expect(try await client.applied(name: "z").topology.name == "z")
            #expect(try await client.logs(LogRequest(nf: "n", offset: 3)).next == 5)
            let events = Events()
            let reply = try await client.apply(ApplyRequest(topology: request)) { events.append($0) }
            #expect(reply.outcome == .done && reply.packetsLost == 0)
            #expect(events.all == [.proving(links: 0), .proving(links: 1)])
            #expect(try await client.down(name: "gone") { _ in }.name == "gone")
        }
        #expect(
            service.asked.withLock { $0 } == [
                #"validate a b.yaml 5 ["X": "y"]"#, "plan a b.yaml", "status a/b", "topologies", "applied z",
                "logs - n 3", "apply a b.yaml -", "down gone",
            ])
    }

    @Test func manyEventsArriveInOrder() async throws {
        try await serving(FakeService(events: 2_000)) { path async throws in
            let events = Events()
            let request = ApplyRequest(topology: TopologyRequest(text: "", file: "f"))
            _ = try await DaemonClient(socket: path).apply(request) { events.append($0) }
            #expect(events.all == (0..<2_000).map { .proving(links: $0) })
        }
    }

    /// It stands behind an apply, which may take long.
    @Test func aPlanIsWaitedFor() async throws {
        let service = FakeService(gate: Gate())
        try await serving(service) { path async throws in
            let client = DaemonClient(socket: path, silence: 50)
            let request = TopologyRequest(text: "", file: "f")
            async let plan = client.plan(request)
            await service.isAsked()
            // Asked later, and given up already.
            await #expect(throws: DaemonClient.Failure.broken("no answer came in time")) {
                try await client.validate(request)
            }
            service.gate?.open()
            #expect(try await plan.steps == [FakeService.step])
        }
    }

    @Test func errorOfTheServiceReachesTheClient() async throws {
        let error = ServiceError(.conflict, "queue lan:0 is held by topology other", help: "down other")
        try await serving(FakeService(error: error)) { path async throws in
            await #expect(throws: DaemonClient.Failure.service(error)) {
                _ = try await DaemonClient(socket: path).status(name: nil)
            }
        }
    }

    @Test func nobodyListens() async throws {
        try await withDirectory { directory async throws in
            let path = directory + "/socket"
            await #expect(throws: DaemonClient.Failure.noDaemon(socket: path)) {
                try await DaemonClient(socket: path).health()
            }
        }
    }

    @Test func socketIsOpenToItsOwnerAndGroupOnly() async throws {
        try await serving { path async throws in
            var status = stat()
            #expect(lstat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o660)
        }
    }

    @Test func staleSocketIsReplacedAndALiveOneIsNot() async throws {
        try await withDirectory { directory async throws in
            let path = directory + "/socket"
            let elsewhere = directory + "/elsewhere"
            let first = try await HTTPServer.start(path: elsewhere, answer: HTTPRoutes(service: FakeService()).answer)
            #expect(rename(elsewhere, path) == 0)
            await #expect(throws: HTTPSocketError(path: path, reason: .taken)) {
                try await HTTPServer.start(path: path, answer: HTTPRoutes(service: FakeService()).answer)
            }
            await first.stop()
            #expect(access(path, F_OK) == 0)
            let second = try await HTTPServer.start(path: path, answer: HTTPRoutes(service: FakeService()).answer)
            #expect(try await DaemonClient(socket: path).health().pid == Int(getpid()))
            await second.stop()
            #expect(access(path, F_OK) != 0)
        }
    }

    @Test func fileInPlaceOfTheSocketIsNotTouched() async throws {
        try await withDirectory { directory async throws in
            let path = directory + "/socket"
            try "keep".write(toFile: path, atomically: false, encoding: .utf8)
            await #expect(throws: HTTPSocketError(path: path, reason: .notASocket)) {
                try await HTTPServer.start(path: path, answer: HTTPRoutes(service: FakeService()).answer)
            }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == "keep")
            let long = directory + "/" + String(repeating: "x", count: 120)
            await #expect(throws: HTTPSocketError(path: long, reason: .pathTooLong)) {
                try await HTTPServer.start(path: long, answer: HTTPRoutes(service: FakeService()).answer)
            }
        }
    }

    @Test func drainingWaitsForAnswersAndNotForEver() async throws {
        try await withDirectory { directory async throws in
            let path = directory + "/socket"
            let service = FakeService(gate: Gate())
            let server = try await HTTPServer.start(path: path, answer: HTTPRoutes(service: service).answer)
            async let plan = DaemonClient(socket: path).plan(TopologyRequest(text: "", file: "f"))
            await service.isAsked()
            await server.stop()
            let start = ContinuousClock.now
            await server.drain(milliseconds: 50)
            #expect(ContinuousClock.now - start >= .milliseconds(50))
            service.gate?.open()
            #expect(try await plan.steps == [FakeService.step])
            await server.drain(milliseconds: 60_000)
        }
    }

    @Test(arguments: [
        (["\u{0}\u{1}\u{2}\n\n"], "HTTP/1.1 400"),
        (["GET\r\n\r\n"], "HTTP/1.1 400"),
        (["GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n"], "HTTP/1.1 400"),
        (["GET /v1/health HTTP/1.1\r\nHost: x\r\nA", " b: c\r\n\r\n"], "HTTP/1.1 400"),
        (["POST /v1/plan HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n"], "HTTP/1.1 400"),
        (
            ["POST /v1/plan HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"],
            "HTTP/1.1 400"
        ),
        (["POST /v1/plan HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"], "HTTP/1.1 400"),
        (["POST /v1/plan HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"], "HTTP/1.1 413"),
        (["GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n", "trailing garbage"], "HTTP/1.1 200"),
        (["GET /v1/health HTTP/1.0\r\n\r\n"], "HTTP/1.1 200"),
        (["GET /v1/none HTTP/1.1\r\nHost: x\r\n\r\n"], "HTTP/1.1 404"),
        (["DELETE /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"], "HTTP/1.1 405"),
    ])
    func hostileBytesAreAnswered(pieces: [String], answer: String) async throws {
        try await serving { path async throws in
            #expect(try await RawClient(path: path).exchange(pieces).hasPrefix(answer))
            #expect(try await DaemonClient(socket: path).health().pid == Int(getpid()))
        }
    }

    @Test(arguments: ["", "GET /v1/health HTTP/1.1\r\nX: ", "GET /"])
    func endlessHeadIsCutOff(start: String) async throws {
        try await serving { path async throws in
            let endless = start + String(repeating: "y", count: 1 << 20)
            #expect(try await RawClient(path: path).exchange([endless]).hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test func chunkedBodyIsBounded() async throws {
        var limits = HTTPLimits()
        limits.body = 1000
        try await serving(limits: limits) { path async throws in
            let chunk = "1f4\r\n" + String(repeating: "z", count: 500) + "\r\n"
            let head = "POST /v1/plan HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            #expect(try await RawClient(path: path).exchange([head, chunk, chunk, chunk]).hasPrefix("HTTP/1.1 413"))
            #expect(
                try await RawClient(path: path).exchange([head, chunk, chunk, "0\r\n\r\n"]).hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test func continueIsSentWhereAsked() async throws {
        try await serving { path async throws in
            let head = "POST /v1/plan HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n"
            let answer = try await RawClient(path: path).exchange([head, #"{"text":"ab"}"#])
            #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"))
        }
    }

    @Test func requestThatDoesNotArriveIsRefused() async throws {
        var limits = HTTPLimits()
        limits.arrival = 20
        try await serving(limits: limits) { path async throws in
            let half = "POST /v1/plan HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{"
            #expect(try await RawClient(path: path).exchange([half], closesItsSide: false).hasPrefix("HTTP/1.1 408"))
            #expect(try await RawClient(path: path).exchange([], closesItsSide: false).hasPrefix("HTTP/1.1 408"))
        }
    }

    @Test func clientThatDoesNotReadIsLeftBehind() async throws {
        var limits = HTTPLimits()
        limits.departure = 20
        limits.connections = 1
        try await serving(FakeService(events: 64, size: 1 << 16), limits: limits) { path async throws in
            let client = try RawClient(path: path)
            try client.send("POST /v1/apply HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n{\"text\":\"\"}")
            // The one connection that is allowed becomes free when the server gives up on the first client.
            var isServed = false
            while !isServed { isServed = (try? await DaemonClient(socket: path).health()) != nil }
            client.close()
        }
    }

    @Test func connectionsAreBounded() async throws {
        var limits = HTTPLimits()
        limits.connections = 2
        try await serving(limits: limits) { path async throws in
            let idle = [try RawClient(path: path), try RawClient(path: path)]
            #expect(try await RawClient(path: path).exchange(["GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n"]) == "")
            for client in idle { client.close() }
        }
    }
}
