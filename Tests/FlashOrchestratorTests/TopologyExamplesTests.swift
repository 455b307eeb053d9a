// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing
import YAMLBridge

/// The files below `topologies/`: examples that run.
@Suite struct TopologyExamplesTests {
    private func decode(_ file: URL) throws -> (topology: Topology?, rendered: String) {
        let text = try [UInt8](Data(contentsOf: file))
        let (topology, diagnostics) = TopologyFile.decode(
            text: text, file: file.lastPathComponent, variables: ["NIC": "eth0"], machine: TopologyFixtures.machine)
        let renderer = DiagnosticRenderer(file: file.lastPathComponent, text: text, colour: false)
        return (topology, renderer.render(diagnostics))
    }

    @Test func everyExampleIsWithoutFaultAndSurprise() throws {
        let files = try TopologyFixtures.files(in: "topologies")
        #expect(files.count >= 7)
        for file in files {
            let (topology, rendered) = try decode(file)
            #expect(rendered == "")
            #expect(topology?.name == file.deletingPathExtension().lastPathComponent)
        }
    }

    @Test func everyExampleBeginsWithASentence() throws {
        for file in try TopologyFixtures.files(in: "topologies") {
            let lines = try String(decoding: Data(contentsOf: file), as: UTF8.self).split(separator: "\n")
            #expect(lines.first == "# SPDX-License-Identifier: Apache-2.0", "\(file.lastPathComponent)")
            #expect(lines.dropFirst().first?.hasPrefix("# ") == true, "\(file.lastPathComponent)")
        }
    }

    /// Any two examples can run at once.
    @Test func labsShareNoDevice() throws {
        var users: [String: String] = [:]
        for file in try TopologyFixtures.files(in: "topologies") {
            for interface in try decode(file).topology?.interfaces ?? [] {
                #expect(users.updateValue(file.lastPathComponent, forKey: interface.device) == nil)
            }
        }
    }

    @Test func examplesShowWhatTheySay() throws {
        func topology(_ name: String) throws -> Topology {
            try #require(decode(TopologyFixtures.root.appending(path: "topologies/\(name).yaml")).topology)
        }
        #expect(try topology("chain").functions.count == 8)
        #expect(try topology("chain").functions.allSatisfy { $0.wait == .sleep })
        #expect(try topology("generator").interfaces.isEmpty)
        #expect(try topology("nic").lab.isEmpty)
        #expect(try topology("nic").interfaces.map(\.queues) == [[0, 1, 2, 3]])
        #expect(try topology("queues").interfaces.map(\.queues.count) == [4, 2])
        #expect(try topology("load-balancer").links.count == 1 + 3 * 3 + 2)
    }
}
