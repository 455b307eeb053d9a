// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct HTTPRoutesTests {
    private func answer(
        _ method: String, _ target: String, body: String = "", service: FakeService = FakeService()
    ) async throws -> (status: Int, text: String) {
        let request = HTTPRequest(method: method, target: try #require(HTTPTarget(target)), body: Array(body.utf8))
        let answer = await HTTPRoutes(service: service).answer(request)
        switch answer.body {
        case .whole(let bytes):
            return (answer.status, String(decoding: bytes, as: UTF8.self))
        case .lines(let lines):
            var text = ""
            for await line in lines { text += String(decoding: line, as: UTF8.self) + "\n" }
            return (answer.status, text)
        }
    }

    @Test(arguments: [
        ("GET", "/v1/status", "", "status -"),
        ("HEAD", "/v1/status", "", "status -"),
        ("GET", "/v1/status/quick%20start", "", "status quick start"),
        ("GET", "/v1/topologies", "", "topologies"),
        ("GET", "/v1/topologies/a", "", "applied a"),
        ("DELETE", "/v1/topologies/a", "", "down a"),
        ("GET", "/v1/topologies/a/nfs/b/logs", "", "logs a b -"),
        ("GET", "/v1/nfs/b/logs?offset=9", "", "logs - b 9"),
        ("POST", "/v1/validate", #"{"text":"abc"}"#, "validate topology.yaml 3 [:]"),
        ("POST", "/v1/plan", #"{"text":"abc","file":"f.yaml","variables":{"A":"b"}}"#, "plan f.yaml"),
        ("POST", "/v1/apply", #"{"text":"abc","file":"f.yaml","deadline":2.5}"#, "apply f.yaml 2.5"),
    ])
    func routeCallsTheService(method: String, target: String, body: String, call: String) async throws {
        let service = FakeService()
        let reply = try await answer(method, target, body: body, service: service)
        #expect(reply.status == 200)
        #expect(service.asked.withLock { $0 } == [call])
    }

    @Test(arguments: [
        ("GET", "/", "", 404), ("GET", "/v2/status", "", 404), ("GET", "/v1", "", 404), ("GET", "/v1/nothing", "", 404),
        ("GET", "/v1/status/a/b", "", 404), ("POST", "/v1/status", "", 405), ("GET", "/v1/apply", "", 405),
        ("PUT", "/v1/topologies/a", "", 405), ("PROPFIND", "/v1/health", "", 405),
        ("POST", "/v1/apply", "", 400), ("POST", "/v1/apply", "{}", 400), ("POST", "/v1/apply", "[1", 400),
        ("POST", "/v1/plan", #"{"text": 5}"#, 400), ("POST", "/v1/validate", "\u{0}", 400),
        ("POST", "/v1/apply", #"{"text":"","deadline":-1}"#, 400),
        ("POST", "/v1/apply", #"{"text":"","deadline":1e9}"#, 400),
        ("GET", "/v1/nfs/b/logs?offset=-1", "", 400), ("GET", "/v1/nfs/b/logs?offset=99999999999999999999", "", 400),
    ])
    func badRequestIsRefusedWithJSON(method: String, target: String, body: String, status: Int) async throws {
        let service = FakeService()
        let reply = try await answer(method, target, body: body, service: service)
        #expect(reply.status == status)
        #expect(reply.text.hasPrefix(#"{"error":{"#) && reply.text.hasSuffix(#""version":1}"#))
        #expect(service.asked.withLock { $0 } == [])
    }

    @Test(arguments: [
        (ServiceError.Kind.badInput, 400), (.notPermitted, 403), (.notFound, 404), (.conflict, 409), (.stopping, 503),
        (.failed, 500),
    ])
    func errorOfTheServiceHasAStatus(kind: ServiceError.Kind, status: Int) async throws {
        let error = ServiceError(kind, "no", help: "do")
        for target in [("GET", "/v1/status"), ("POST", "/v1/apply"), ("DELETE", "/v1/topologies/a")] {
            let reply = try await answer(
                target.0, target.1, body: #"{"text":""}"#, service: FakeService(error: error))
            #expect(reply.status == status)
            #expect(
                reply.text
                    == #"{"error":{"diagnostics":[],"help":"do","kind":"\#(kind.rawValue)","message":"no"},"version":1}"#
            )
        }
    }

    @Test func applyAnswersInLines() async throws {
        let reply = try await answer("POST", "/v1/apply", body: #"{"text":""}"#)
        let lines = reply.text.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0] == #"{"event":"proving","links":0}"#)
        #expect(lines[2].hasPrefix(#"{"reply":{"#))
    }
}
