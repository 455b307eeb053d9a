// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import YAMLBridge

/// What tests of the topology decoder share: a machine that is the same everywhere, and the repository's files.
enum TopologyFixtures {
    /// Two CPUs; `eth0` has 4 queues, `eth1` is held by topology `other`.
    static let machine = MachineFacts(
        cpus: [0, 1],
        devices: [
            "lo": .init(receiveQueues: 1), "eth0": .init(receiveQueues: 4), "eth1": .init(receiveQueues: 1),
            "eth2": .init(receiveQueues: 2),
        ],
        holds: [.init(topology: "other", device: "eth1")],
        hasFlashKernel: false)

    static let programs = ProgramSet([
        ProgramDeclaration(name: "forward", summary: "passes packets on", outputs: .fixed(["default"])),
        ProgramDeclaration(name: "counter", summary: "counts packets", outputs: .fixed(["default"])),
        ProgramDeclaration(
            name: "firewall", summary: "accepts and denies", outputs: .fixed(["accept", "deny"]),
            parameters: [
                .init(
                    name: "default", summary: "what happens to the rest", type: .choice(["accept", "deny"]),
                    defaultValue: .string("accept")),
                .init(
                    name: "rules", summary: "first match counts", type: .list(of: .string, count: 0...10),
                    defaultValue: .list([])),
            ]),
        ProgramDeclaration(
            name: "maglev", summary: "spreads flows", outputs: .perElement(ofParameter: "backends"),
            parameters: [
                .init(name: "backends", summary: "names", type: .list(of: .string, count: 1...1000)),
                .init(
                    name: "table_size", summary: "slots", type: .integer(1...1_000_000), defaultValue: .integer(65537)),
                .init(name: "seed", summary: "of the hash", type: .integer(0...100), isOptional: true),
            ]),
        ProgramDeclaration(
            name: "generator", summary: "makes packets", isSource: true, outputs: .fixed(["default"]),
            parameters: [
                .init(
                    name: "source", summary: "sender", type: .macAddress, defaultValue: .string("02:00:00:00:00:01")),
                .init(name: "address", summary: "sender", type: .ipAddress, defaultValue: .string("10.0.0.1")),
                .init(name: "burst", summary: "at once", type: .boolean, defaultValue: .boolean(false)),
            ]),
        ProgramDeclaration(name: "sink", summary: "ends packets", outputs: .fixed([])),
    ]) { program, configuration in
        guard program == "firewall", case .list(let rules)? = configuration.values["rules"] else { return nil }
        for (index, rule) in rules.enumerated() {
            guard case .string(let text) = rule, let place = text.range(of: "BAD") else { continue }
            return ConfigurationError(
                parameter: "rules", element: index,
                offset: text.unicodeScalars.distance(from: text.startIndex, to: place.lowerBound),
                message: "expected GOOD", help: "write GOOD")
        }
        return nil
    }

    /// - Returns: the topology, and the diagnostics as `line:column severity: message (help)`.
    static func decode(
        _ text: String, file: String = "test.yaml", machine: MachineFacts = .unknown, variables: [String: String] = [:]
    ) -> (topology: Topology?, messages: [String]) {
        let (topology, diagnostics) = TopologyFile.decode(
            text: Array(text.utf8), file: file, variables: variables, machine: machine, programs: programs)
        return (topology, diagnostics.map(describe))
    }

    static func describe(_ diagnostic: Diagnostic) -> String {
        let place = diagnostic.range.map { "\($0.start.line):\($0.start.column)-\($0.end.column) " } ?? ""
        return place + "\(diagnostic.severity): \(diagnostic.message)" + (diagnostic.help.map { " (\($0))" } ?? "")
    }

    /// A file with `count` and other NFs on `lan` and `wan`; `nfs` and `links` are lines below those keys.
    static func file(nfs: String, links: String, interfaces: String = "  lan: { device: a }\n  wan: { device: b }")
        -> String
    {
        "version: 1\ninterfaces:\n\(interfaces)\nnfs:\n\(nfs)\nlinks:\n\(links)\n"
    }

    /// The repository's root.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func files(in folder: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: root.appending(path: folder), includingPropertiesForKeys: nil
        ).filter { $0.pathExtension == "yaml" }.sorted { $0.path < $1.path }
    }
}
