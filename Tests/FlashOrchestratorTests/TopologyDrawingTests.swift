// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct TopologyDrawingTests {
    private static let file = """
        version: 1
        name: drawn
        interfaces:
          lan: { device: fl-lan, queues: 2 }
          wan: { device: fl-wan }
        nfs:
          firewall: { program: firewall, threads: 2 }
          count: { program: counter }
          end: { program: sink }
        links:
          - lan -> firewall -> count -> wan
          - wan:0 -> count -> firewall -> lan:1
          - firewall[deny] -> end
        """

    @Test func mermaid() throws {
        let topology = try #require(TopologyFixtures.decode(Self.file).topology)
        #expect(
            TopologyDrawing(topology, programs: TopologyFixtures.programs).mermaid == """
                flowchart LR
                    i0(["lan<br>fl-lan"])
                    i1(["wan<br>fl-wan"])
                    n0["count<br>counter"]
                    n1["end<br>sink"]
                    n2["firewall<br>2 threads"]
                    i0 -->|":0,1"| n2
                    n2 -->|"[accept]"| n0
                    n0 -->|":0"| i1
                    i1 -->|":0"| n0
                    n0 --> n2
                    n2 -->|"[accept] :1"| i0
                    n2 -->|"[deny]"| n1

                """)
    }

    @Test func dot() throws {
        let topology = try #require(TopologyFixtures.decode(Self.file).topology)
        #expect(
            TopologyDrawing(topology, programs: TopologyFixtures.programs).dot == """
                digraph "drawn" {
                    rankdir=LR;
                    node [shape=box];
                    i0 [label="lan\\nfl-lan", shape=oval];
                    i1 [label="wan\\nfl-wan", shape=oval];
                    n0 [label="count\\ncounter"];
                    n1 [label="end\\nsink"];
                    n2 [label="firewall\\n2 threads"];
                    i0 -> n2 [label=":0,1"];
                    n2 -> n0 [label="[accept]"];
                    n0 -> i1 [label=":0"];
                    i1 -> n0 [label=":0"];
                    n0 -> n2;
                    n2 -> i0 [label="[accept] :1"];
                    n2 -> n1 [label="[deny]"];
                }

                """)
    }

    @Test func namesCannotBreakOut() throws {
        let text = """
            version: 1
            interfaces: { lan: { device: 'a"<b>\\' } }
            nfs:
              lb: { program: maglev, config: { backends: ['"];evil', other] } }
              trash: { program: sink }
            links: [ lan -> lb, 'lb[0] -> trash', 'lb[1] -> trash' ]
            """
        let (topology, messages) = TopologyFixtures.decode(text)
        #expect(messages == [])
        let drawing = TopologyDrawing(try #require(topology), programs: TopologyFixtures.programs)
        #expect(drawing.mermaid.contains("i0([\"lan<br>a&quot;&lt;b&gt;\\\"])"))
        #expect(drawing.mermaid.contains("n0 -->|\"[&quot;];evil]\"| n1"))
        #expect(drawing.dot.contains("i0 [label=\"lan\\na\\\"<b>\\\\\", shape=oval];"))
        #expect(drawing.dot.contains("n0 -> n1 [label=\"[\\\"];evil]\"];"))
    }
}
