// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc
import Testing

/// Chains of real workers without a NIC.
@Suite(.serialized) struct DatapathWorkerTests {
    /// generator -> forward ... -> sink, one after the other.
    private func chain(packets: Int, forwards: Int) throws -> WorkerFleet {
        let fleet = try WorkerFleet(frames: 4096)
        _ = try fleet.add("generator", ["count": .integer(packets)])
        for _ in 0..<forwards { _ = try fleet.add("forward") }
        _ = try fleet.add("sink", ["measure": .boolean(true)])
        let frames = try fleet.datapath.addFrames(of: fleet.workers[0].thread)
        let rings = try (0...forwards).map { try fleet.ring(from: $0, to: $0 + 1) }
        for number in (0...forwards + 1).reversed() {
            let source: ThreadTable.Source = number == 0 ? .frames(frames) : .ring(rings[number - 1])
            let routes: [[ThreadTable.Target]] = number > forwards ? [] : [[.ring(rings[number])]]
            try fleet.setTable(ThreadTable(inputs: [.init(source: source, routes: routes)]), of: number)
            try fleet.run(number)
        }
        return fleet
    }

    @Test func aChainCarriesEveryPacket() throws {
        let fleet = try chain(packets: 300_000, forwards: 3)
        try fleet.until("all packets arrive") { fleet.counters(4).rxPackets == 300_000 }
        try fleet.pause()
        let sink = fleet.counters(4)
        #expect(sink.program[0] == 300_000)
        #expect(sink.program[1] == 0 && sink.program[3] == 0)
        #expect(fleet.datapath.census(attempts: 1).isComplete)
    }

    /// kill -9 at any moment, thirty times, of every kind of worker in the middle: each packet arrives exactly once.
    @Test func killingWorkersLosesNothing() throws {
        let fleet = try chain(packets: 0, forwards: 2)
        for round in 0..<30 {
            let victim = 1 + round % 2
            let before = fleet.counters(3).rxPackets
            try fleet.until("packets arrive") { fleet.counters(3).rxPackets > before + 1_000 }
            try fleet.replace(victim)
        }
        let before = fleet.counters(3).rxPackets
        try fleet.until("packets arrive") { fleet.counters(3).rxPackets > before + 1_000 }
        try fleet.pause()
        let sink = fleet.counters(3)
        #expect(sink.program[0] == sink.rxPackets)
        #expect(sink.program[1] == 0, "skipped")
        #expect(sink.program[2] == 0, "late")
        #expect(sink.program[3] == 0, "duplicates")
        let census = fleet.datapath.census(attempts: 1)
        #expect(census.isComplete, "\(census)")
    }

    /// One thread has not taken the configuration before: the next one is refused for all.
    @Test func noThreadWorksByAConfigurationThatIsRefused() throws {
        let fleet = try WorkerFleet(frames: 4096)
        _ = try fleet.add("generator", ["rate": .integer(20_000)])
        // Its second thread has no event: once it sleeps, nobody wakes it.
        _ = try fleet.add("firewall", ["default": .string("accept")], threads: 2)
        let sinks = [try fleet.add("sink"), try fleet.add("sink")]
        let frames = try fleet.datapath.addFrames(of: fleet.workers[0].thread)
        let first = try fleet.ring(from: 0, to: 1)
        let rings = try sinks.map { try fleet.ring(from: 1, to: $0) }
        for (sink, ring) in zip(sinks, rings) {
            try fleet.setTable(ThreadTable(inputs: [.init(source: .ring(ring), routes: [])]), of: sink)
        }
        try fleet.setTable(
            ThreadTable(inputs: [.init(source: .ring(first), routes: rings.map { [.ring($0)] })]), of: 1)
        try fleet.setTable(
            ThreadTable(inputs: [.init(source: .frames(frames), routes: [[.ring(first)]])]), of: 0)
        for number in fleet.workers.indices.reversed() { try fleet.run(number) }
        let sleeper = fleet.workers[1].threads[1]
        try fleet.until("the second thread sleeps") {
            fleet.datapath.counters(sleeper, programCounters: 0).sleeps > 0
        }
        func denied(_ count: UInt64) throws {
            let before = fleet.counters(sinks[1]).rxPackets
            try fleet.until("packets are denied") { fleet.counters(sinks[1]).rxPackets >= before + count }
        }

        let control = fleet.workers[1].control
        try control.reconfigure(ProgramConfiguration(["default": .string("deny")]))
        try denied(1_000)
        let accepted = fleet.counters(sinks[0]).rxPackets
        #expect(throws: WorkerError.refused("still takes over the configuration before")) {
            try control.reconfigure(ProgramConfiguration(["default": .string("accept")]))
        }
        try denied(1_000)
        #expect(fleet.counters(sinks[0]).rxPackets == accepted)
    }
}

/// Chains of real workers between veth pairs.
@Suite(.serialized) struct DatapathQueueTests {
    /// left <-> NF ... NF <-> right; returns the fleet, what must stay alive, and the ports.
    private final class Bench {
        let lab: TestLab
        let left: XDPProgram
        let right: XDPProgram
        let fleet: WorkerFleet
        let ports: [PortID: Int32]
        let order: [PortID]

        deinit { for socket in ports.values { close(socket) } }

        init(_ name: String) throws {
            let lab = try TestLab([
                Lab.Host(namespace: "fld-\(name)a", device: "fld\(name)a", addresses: ["10.78.0.1/24"]),
                Lab.Host(namespace: "fld-\(name)b", device: "fld\(name)b", addresses: ["10.78.0.2/24"]),
            ])
            let fleet = try WorkerFleet(frames: 16384)
            let devices = [try Device.find(lab.hosts[0].device), try Device.find(lab.hosts[1].device)]
            let left = try XDPProgram.attach(to: devices[0], mode: .native)
            let right = try XDPProgram.attach(to: devices[1], mode: .native)
            let datapath = fleet.datapath
            let first = try XDPSocket.open(
                device: devices[0], queue: 0,
                memory: .register(datapath.memory, size: datapath.memorySize, frameSize: 2048))
            let second = try XDPSocket.open(
                device: devices[1], queue: 0, memory: .share(with: first.descriptor.rawValue))
            let rings = [first.rings, second.rings]
            let sockets = [try first.descriptor.duplicate().take(), try second.descriptor.duplicate().take()]
            var ports: [PortID: Int32] = [:]
            var order: [PortID] = []
            for side in 0..<2 {
                let port = try datapath.addPort(socket: sockets[side], rings: rings[side])
                ports[port] = sockets[side]
                order.append(port)
            }
            try left.setSocket(queue: 0, socket: sockets[0])
            try right.setSocket(queue: 0, socket: sockets[1])
            self.ports = ports
            self.order = order
            self.fleet = fleet
            self.left = left
            self.right = right
            self.lab = lab
        }
    }

    private func lost(_ bench: Bench, count: Int = 20) throws -> Int {
        let command = Ping.command("10.78.0.2", count: count, seconds: 5)
        let answers = try Command(["nsenter", "--net=/run/netns/\(bench.lab.hosts[0].namespace)"] + command).run()
        return Ping.lost(answers, of: count)
    }

    @Test func onePingThroughOneNF() throws {
        let bench = try Bench("o")
        let fleet = bench.fleet
        _ = try fleet.add("forward")
        try fleet.setTable(
            ThreadTable(inputs: [
                .init(source: .port(bench.order[0]), routes: [[.port(bench.order[1])]]),
                .init(source: .port(bench.order[1]), routes: [[.port(bench.order[0])]]),
            ]), of: 0, ports: bench.ports)
        try fleet.run(0)
        #expect(try lost(bench, count: 200) == 0)
        try fleet.pause()
        let census = fleet.datapath.census(attempts: 1)
        #expect(census.isComplete, "\(census)")
    }

    /// Both NFs write to both queues, and the first is killed again and again.
    @Test func pingOverAKilledNF() throws {
        let bench = try Bench("k")
        let fleet = bench.fleet
        _ = try fleet.add("forward")
        _ = try fleet.add("forward")
        let there = try fleet.ring(from: 0, to: 1)
        let back = try fleet.ring(from: 1, to: 0)
        for number in 0..<2 {
            let target: ThreadTable.Target = .ring(number == 0 ? there : back)
            try fleet.setTable(
                ThreadTable(inputs: [
                    .init(source: .port(bench.order[number]), routes: [[target]]),
                    .init(
                        source: .ring(number == 0 ? back : there),
                        routes: [[.port(bench.order[number])]]),
                ]), of: number, ports: bench.ports)
            try fleet.run(number)
        }
        for round in 0..<10 {
            #expect(try lost(bench) == 0)
            try fleet.replace(round % 2)
        }
        #expect(try lost(bench) == 0)
        try fleet.pause()
        let census = fleet.datapath.census(attempts: 1)
        #expect(census.isComplete, "\(census)")
    }
}
