// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing

@Suite(.serialized) struct SeveralTopologiesTests {
    private func pair(_ name: String, devices: String, network: Int) -> String {
        """
        version: 1
        name: \(name)
        interfaces: { left: { device: \(devices)-l }, right: { device: \(devices)-r } }
        nfs: { pass: { program: forward } }
        links:
          - left:0 -> pass -> right:0
          - right:0 -> pass -> left:0
        lab:
          hosts:
            \(name)1: { interface: left, address: 10.97.\(network).1/24 }
            \(name)2: { interface: right, address: 10.97.\(network).2/24 }

        """
    }

    @Test func twoRunAtOnceAndGoOneByOne() async throws {
        try await TestBench.with { bench in
            try await bench.apply(pair("red", devices: "it-red", network: 1))
            try await bench.apply(pair("blue", devices: "it-blue", network: 2))
            #expect(try await Traffic.ping(bench, from: "red1", to: "10.97.1.2") == 0)
            #expect(try await Traffic.ping(bench, from: "blue1", to: "10.97.2.2") == 0)
            // An NF's name may stand in several topologies.
            try await bench.flashOrch("logs", "pass").expecting(2)
            try await bench.flashOrch("logs", "red/pass").expecting()
            let blue = try await bench.status("blue").workers
            try await bench.flashOrch("down", "red").expecting()
            #expect(try await Traffic.ping(bench, from: "blue1", to: "10.97.2.2") == 0)
            #expect(try await bench.status("blue").workers == blue)
            try await bench.flashOrch("status", "red").expecting(2)
        }
    }

    @Test func deviceOfAnotherTopologyIsRefused() async throws {
        try await TestBench.with { bench in
            try await bench.apply(pair("red", devices: "it-red", network: 1))
            let before = try await bench.status("red").workers
            let second = pair("blue", devices: "it-red", network: 2)
            let refused = try await bench.flashOrch("apply", "-", input: second).expecting(2)
            #expect(refused.messages.contains("it-red-l") && refused.messages.contains("red"))
            try await bench.flashOrch("status", "blue").expecting(2)
            #expect(try await bench.status("red").workers == before)
            #expect(try await Traffic.ping(bench, from: "red1", to: "10.97.1.2") == 0)
        }
    }

    @Test func curlReachesTheDaemon() async throws {
        try await TestBench.with { bench in
            let text = pair("red", devices: "it-red", network: 1)
            try await bench.apply(text)
            let curl = ["curl", "--silent", "--show-error", "--unix-socket", bench.directory + "/flash-orch.sock"]
            let report: StatusReport = try await run(curl + ["http://localhost/v1/status/red"]).expecting().json()
            #expect(report.topologies.map(\.name) == ["red"])
            let body = String(decoding: try JSONText.encode(["text": text, "file": "red.yaml"]), as: UTF8.self)
            let lines = try await run(curl + ["--data-binary", "@-", "http://localhost/v1/apply"], input: body)
                .expecting()
            #expect(lines.output.contains(#""outcome":"unchanged""#))
            let missing = try await run(curl + ["http://localhost/v1/nothing"]).expecting().json(ServiceErrorReply.self)
            #expect(missing.error.kind == .notFound)
        }
    }
}
