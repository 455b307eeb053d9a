// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Testing

/// The shapes that docs/json.md promises.
@Suite struct JSONShapeTests {
    private func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONText.encode(value), as: UTF8.self)
    }

    @Test func program() throws {
        let program = ProgramDeclaration(
            name: "balance", summary: "Spreads", outputs: .perElement(ofParameter: "backends"),
            parameters: [
                .init(name: "backends", summary: "Who", type: .list(of: .string, count: 1...8), isLive: false),
                .init(
                    name: "rate", summary: "How many", type: .integer(0 ... .max), unit: "packets/s",
                    defaultValue: .integer(0)),
            ], counters: ["tcp"])
        #expect(
            try text(ProgramShape.list([program])) == """
                {"programs":[{"counters":["tcp"],"name":"balance","outputs_from":"backends","parameters":[\
                {"live":false,"name":"backends","required":true,"summary":"Who",\
                "type":{"maximum":8,"minimum":1,"name":"list","of":{"name":"string"}}},\
                {"default":0,"live":true,"name":"rate","required":false,"summary":"How many",\
                "type":{"minimum":0,"name":"integer"},"unit":"packets/s"}],\
                "source":false,"summary":"Spreads"}],"version":1}
                """)
    }

    @Test func topology() throws {
        let yaml = """
            version: 1
            name: x
            interfaces: { lan: { device: l } }
            nfs: { wall: { program: firewall, config: { rules: [ deny icmp ] } }, trash: { program: sink } }
            links: [ "lan:0 -> wall -> lan:0", "wall[deny] -> trash" ]
            lab: { hosts: { h: { interface: lan, address: 10.0.0.1/24 } } }
            """
        let topology = try #require(
            TopologyFile.decode(text: Array(yaml.utf8), file: "x.yaml", variables: [:], machine: .unknown).topology)
        let trash = """
            {"config":{"measure":false},"cpus":[],"name":"trash","outputs":[],"program":"sink",\
            "restart":"on-failure","threads":1,"wait":"adaptive"}
            """
        let wall = """
            {"config":{"default":"accept","rules":["deny icmp"]},"cpus":[],"name":"wall","outputs":["accept","deny"],\
            "program":"firewall","restart":"on-failure","threads":1,"wait":"adaptive"}
            """
        #expect(
            try text(TopologyShape.value(topology, programs: .catalog)) == """
                {"datapath":"auto","hosts":[{"address":"10.0.0.1/24","interface":"lan","name":"h"}],\
                "interfaces":[{"device":"l","mode":"native","name":"lan","queues":[0],"zero_copy":"auto"}],\
                "links":[{"path":"lan:0","source":"lan:0","target":"wall"},\
                {"path":"lan:0","source":"wall","target":"lan:0"},\
                {"path":"wall[deny]","source":"wall[deny]","target":"trash"}],"name":"x","nfs":[\(trash),\(wall)],\
                "umem":{"frame_size":2048},"version":1}
                """)
    }
}
