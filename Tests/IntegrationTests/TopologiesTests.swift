// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing

/// Every file in topologies/ runs, and leaves nothing behind.
@Suite(.serialized) struct TopologiesTests {
    /// Of the pair that stands for a NIC, where a file asks for one by `${NIC}`.
    private static let nic = "it-nic"

    static var files: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: Programs.sources + "/topologies")) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted()
    }

    @Test func thereAreTopologies() {
        #expect(Self.files.count >= 7)
    }

    @Test(arguments: files)
    func runsAndLeavesNothing(file: String) async throws {
        let path = Programs.sources + "/topologies/" + file
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.hasPrefix("# "), "its first line says what it shows")
        let needsNIC = text.contains("${NIC}")
        if needsNIC {
            try await run(["ip", "link", "add", Self.nic, "type", "veth", "peer", "name", Self.nic + "-peer"])
                .expecting()
            for device in [Self.nic, Self.nic + "-peer"] {
                try await run(["ip", "link", "set", device, "up"]).expecting()
            }
        }
        try await TestBench.with { bench in
            let environment = needsNIC ? ["NIC": Self.nic] : [:]
            let reply: ApplyReply = try await bench.flashOrch("apply", path, "-o", "json", environment: environment)
                .expecting().json()
            #expect(reply.outcome == .done)
            try await bench.status(reply.name).expectHealthy()
            let second: ApplyReply = try await bench.flashOrch("apply", path, "-o", "json", environment: environment)
                .expecting().json()
            #expect(second.outcome == .unchanged && second.steps == [])
            try await bench.flashOrch("down", reply.name).expecting()
        }
        if needsNIC { try await run(["ip", "link", "delete", Self.nic]).expecting() }
    }
}
