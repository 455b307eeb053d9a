// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Testing

@Suite struct TopologyFileTests {
    static let quickstart = """
        version: 1
        name: quickstart
        datapath: auto
        umem: { frames: 16384, frame_size: 4096 }
        interfaces:
          lan: { device: fl-lan }
          wan: { device: fl-wan, mode: generic, zero_copy: off, queues: [3, 1] }
        nfs:
          firewall:
            program: firewall
            config: { default: deny, rules: [ "accept icmp" ] }
          count: { program: counter, threads: 2, cpus: [0, 1], wait: busy, restart: never }
          trash: { program: sink }
        links:
          - lan:0 -> firewall -> count -> wan:1
          - wan -> count -> firewall -> lan
          - firewall[deny] -> trash
        lab:
          hosts:
            client: { interface: lan, address: 10.10.0.1/24 }
            server: { interface: wan, address: FD00:0:0::1/64 }
        """

    @Test func everySectionIsDecoded() throws {
        let (decoded, messages) = TopologyFixtures.decode(Self.quickstart)
        #expect(messages == [])
        let topology = try #require(decoded)
        #expect(topology.name == "quickstart")
        #expect(topology.memory == MemoryRequest(frames: 16384, frameSize: 4096))
        #expect(
            topology.interfaces == [
                Interface(name: "lan", device: "fl-lan"),
                Interface(name: "wan", device: "fl-wan", queues: [1, 3], mode: .generic, zeroCopy: .off),
            ])
        #expect(
            topology.functions == [
                Function(
                    name: "count", program: "counter", threads: 2, cpus: [0, 1], wait: .busy, restart: .never),
                Function(
                    name: "firewall", program: "firewall",
                    configuration: ProgramConfiguration([
                        "default": .string("deny"), "rules": .list([.string("accept icmp")]),
                    ])),
                Function(name: "trash", program: "sink"),
            ])
        #expect(
            topology.lab == [
                LabHost(name: "client", interface: "lan", address: "10.10.0.1/24"),
                LabHost(name: "server", interface: "wan", address: "fd00::1/64"),
            ])
        let lan = PathHead.queue(QueueID(interface: "lan", queue: 0))
        #expect(
            topology.links.prefix(3) == [
                Link(source: LinkSource(head: lan), target: .function("firewall")),
                Link(source: LinkSource(head: lan, function: "firewall"), target: .function("count")),
                Link(
                    source: LinkSource(head: lan, function: "count"), target: .queues(interface: "wan", queues: [1])),
            ])
        #expect(topology.links.count == 3 + 2 * 3 + 1)
        #expect(
            topology.links.last
                == Link(
                    source: LinkSource(head: .output(function: "firewall", output: 1), function: "firewall", output: 1),
                    target: .function("trash")))
    }

    @Test func orderInTheFileDoesNotMatter() {
        let first = """
            version: 1
            interfaces: { a: { device: d1 }, b: { device: d2 } }
            nfs: { x: { program: forward }, y: { program: counter } }
            links: [ "a -> x -> y -> b", "b -> x -> a" ]
            """
        let second = """
            links: [ "b -> x -> a", "a:0->x ->y-> b:0" ]
            nfs: { y: { program: counter, config: }, x: { program: forward, threads: 1, wait: adaptive } }
            interfaces: { b: { queues: 1, device: d2 }, a: { device: d1, queues: [0] } }
            version: 1
            """
        let topology = TopologyFixtures.decode(first).topology
        #expect(topology != nil)
        #expect(topology == TopologyFixtures.decode(second).topology)
    }

    @Test func defaultsAreFilledIn() throws {
        let text = """
            version: 1
            nfs:
              gen: { program: generator }
              trash: { program: sink }
            links: [ gen -> trash ]
            """
        let topology = try #require(TopologyFixtures.decode(text, file: "some/dir/my-chain.yml").topology)
        #expect(topology.name == "my-chain")
        #expect(topology.datapath == .auto)
        #expect(topology.memory == MemoryRequest(frames: nil, frameSize: 2048))
        #expect(topology.functions[0].configuration.values["burst"] == .boolean(false))
        #expect(
            topology.functions[0]
                == Function(name: "gen", program: "generator", configuration: topology.functions[0].configuration))
    }

    @Test func optionalParametersMayBeLeftOut() throws {
        let file = TopologyFixtures.file(
            nfs: "  lb: { program: maglev, config: { backends: [one, two] } }\n  trash: { program: sink }",
            links: "  - a -> lb\n  - lb[one] -> trash\n  - lb[1] -> trash\n  - b -> trash",
            interfaces: "  a: { device: a }\n  b: { device: b }")
        let (topology, messages) = TopologyFixtures.decode(file)
        #expect(messages == [])
        #expect(
            topology?.functions[0].configuration
                == ProgramConfiguration([
                    "backends": .list([.string("one"), .string("two")]), "table_size": .integer(65537),
                ]))
    }

    @Test func addressesAreCanonical() throws {
        let text = """
            version: 1
            nfs:
              gen: { program: generator, config: { source: 0A:00:00:00:00:0F, address: "2001:DB8:0:0::1", burst: yes } }
              trash: { program: sink }
            links: [ gen -> trash ]
            """
        let values = try #require(TopologyFixtures.decode(text).topology).functions[0].configuration.values
        #expect(values["source"] == .string("0a:00:00:00:00:0f"))
        #expect(values["address"] == .string("2001:db8::1"))
        #expect(values["burst"] == .boolean(true))
    }

    @Test func aliasesAndMergesGiveOneDiagnosticAFault() {
        let text = """
            version: 1
            nfs:
              first: &base { program: forward, thread: 2 }
              second: *base
              third: { <<: *base, wait: busy }
            interfaces: { lan: { device: a } }
            links: [ lan -> first -> second -> third -> lan ]
            """
        #expect(
            TopologyFixtures.decode(text).messages == [
                "3:36-42 error: unknown key 'thread' (did you mean 'threads'? allowed are program, config, threads, cpus, "
                    + "wait, restart)"
            ])
    }

    @Test func variablesTakeTheTypeOfTheirPlace() {
        let file = TopologyFixtures.file(
            nfs: "  pass: { program: forward, threads: ${THREADS} }",
            links: "  - ${FROM}:0 -> pas -> lan\n  - lan -> pass -> lan",
            interfaces: "  lan: { device: \"${NIC:-eth0}\" }")
        let (_, messages) = TopologyFixtures.decode(file, variables: ["THREADS": "two", "FROM": "lan"])
        #expect(
            messages == [
                "5:38-48 error: 'threads' must be an integer from 1 to 64, found 'two'",
                "7:18-21 error: no interface and no NF 'pas' in this file (did you mean 'pass'?)",
            ])
    }

    @Test func programPointsIntoItsParameter() {
        let file = TopologyFixtures.file(
            nfs:
                "  fw:\n    program: firewall\n    config:\n      rules: [ fine, \"är BAD\" ]\n  trash: { program: sink }",
            links: "  - lan -> fw -> wan\n  - wan -> fw -> lan\n  - fw[deny] -> trash")
        #expect(TopologyFixtures.decode(file).messages == ["9:26-27 error: expected GOOD (write GOOD)"])
    }

    @Test func everyRefusedElementIsReported() {
        let file = TopologyFixtures.file(
            nfs:
                "  fw: { program: firewall, config: { rules: [BAD, fine, a BAD, fine, BAD] } }\n  trash: { program: sink }",
            links: "  - lan -> fw -> wan\n  - wan -> fw -> lan\n  - fw[deny] -> trash",
            interfaces: "  lan: { device: a }\n  wan: { device: b }")
        #expect(
            TopologyFixtures.decode(file).messages == [
                "6:46-47 error: expected GOOD (write GOOD)", "6:59-60 error: expected GOOD (write GOOD)",
                "6:70-71 error: expected GOOD (write GOOD)",
            ])
    }

    @Test func everyFaultIsReportedInOneRun() {
        let text = """
            version: 2
            nmae: x
            interfaces:
              lan: { device: too-long-a-device-name }
            nfs:
              pass: { program: forwrad, threads: 0 }
            links:
              - lan:1 -> pass -> wna
            lab: { hosts: { client: { interface: lan, address: 10.0.0.1 } } }
            """
        #expect(
            TopologyFixtures.decode(text).messages == [
                "1:10-11 error: 'version' must be 1, found 2",
                "2:1-5 error: unknown key 'nmae' (did you mean 'name'? allowed are version, name, datapath, umem, "
                    + "interfaces, nfs, links, lab)",
                "4:18-40 error: 'device' must be a device name of at most 15 bytes without '/', ':' and white space, "
                    + "found 'too-long-a-device-name'",
                "6:20-27 error: unknown program 'forwrad' (did you mean 'forward'? programs are counter, firewall, "
                    + "forward, generator, maglev, sink)",
                "6:38-39 error: 'threads' must be an integer from 1 to 64, found 0",
                "8:5-10 error: interface 'lan' has no queue 1 (it has 0)",
                "8:22-25 error: no interface and no NF 'wna' in this file",
                "9:52-60 error: 'address' must be the address of a host with its prefix length, like 10.10.0.1/24, "
                    + "found '10.0.0.1'",
            ])
    }
}
