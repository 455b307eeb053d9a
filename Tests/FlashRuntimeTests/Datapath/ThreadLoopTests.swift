// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct ThreadLoopTests {
    /// source -> switch -> sinks a, b, c; each ring with `capacity` frames.
    private func runFan(
        packets: UInt64, capacity: Int, delay: UInt32 = 0, choose: @escaping (UInt64) -> Int?
    ) throws -> (seen: [[UInt64]], drops: [UInt64], census: FrameCensus) {
        let rig = try LoopRig()
        let source = try rig.addThread()
        let middle = try rig.addThread()
        let sinks = try (0..<3).map { _ in try rig.addThread() }
        let seen = sinks.map { _ in Numbers() }
        try rig.startSource(NumberSource(count: packets), on: source)
        try rig.start(NumberSwitch(choose: choose), on: middle)
        for (sink, numbers) in zip(sinks, seen) { try rig.start(NumberSink(numbers, delay: delay), on: sink) }

        let frames = try rig.datapath.addFrames(of: source)
        let first = try rig.datapath.addRing(from: source, to: middle, capacity: capacity)
        let rings = try sinks.map { try rig.datapath.addRing(from: middle, to: $0, capacity: capacity) }
        for (sink, ring) in zip(sinks, rings) {
            try rig.setTable(ThreadTable(inputs: [.init(source: .ring(ring), routes: [])]), of: sink)
        }
        try rig.setTable(
            ThreadTable(inputs: [.init(source: .ring(first), routes: rings.map { [.ring($0)] })]), of: middle)
        try rig.setTable(
            ThreadTable(inputs: [.init(source: .frames(frames), routes: [[.ring(first)]])]), of: source)
        rig.until {
            let arrived = sinks.reduce(0) { $0 + rig.counters($1).rxPackets }
            // A sink that no packet goes to may be the last one to see its probe.
            return arrived + rig.counters(middle).drops.reduce(0, +) == packets
                && rings.allSatisfy { rig.datapath.ring($0)?.isProven == true }
        }
        for (sink, ring) in zip(sinks, rings) {
            let state = try #require(rig.datapath.ring(ring))
            #expect(UInt64(state.sent) == rig.counters(sink).rxPackets)
        }
        let drops = rig.counters(middle).drops
        rig.stop()
        return (seen.map(\.values), drops, rig.datapath.census(attempts: 1))
    }

    @Test(arguments: [64, 128, 1024])
    func everyPacketArrivesOnceInOrder(capacity: Int) throws {
        let (seen, drops, census) = try runFan(packets: 20_000, capacity: capacity) { _ in 0 }
        #expect(seen[0] == Array(0..<20_000))
        #expect(seen[1].isEmpty && seen[2].isEmpty)
        #expect(drops.allSatisfy { $0 == 0 })
        #expect(census.isComplete)
    }

    @Test func packetsOfOneBatchGoToDifferentOutputs() throws {
        let (seen, drops, census) = try runFan(packets: 30_000, capacity: 256) { $0 % 4 == 3 ? nil : Int($0 % 4) }
        for output in 0..<3 { #expect(seen[output] == (0..<30_000).filter { $0 % 4 == UInt64(output) }) }
        #expect(drops[Int(DropReason.policy.rawValue)] == 7_500)
        #expect(census.isComplete)
    }

    @Test func anOutputWithoutLinkDropsAndCounts() throws {
        let (seen, drops, census) = try runFan(packets: 5_000, capacity: 256) { $0 % 2 == 0 ? 0 : 7 }
        #expect(seen[0].count == 2_500)
        #expect(drops[Int(DropReason.noLink.rawValue)] == 2_500)
        #expect(census.isComplete)
    }

    @Test func aSlowReaderHoldsItsWritersBackAndLosesNothing() throws {
        let (seen, _, census) = try runFan(packets: 6_000, capacity: 64, delay: 200) { _ in 1 }
        #expect(seen[1] == Array(0..<6_000))
        #expect(census.isComplete)
    }

    /// Two threads that send to each other over full rings must not stop each other.
    @Test func ringsInBothDirectionsDoNotLock() throws {
        let rig = try LoopRig()
        let sources = [try rig.addThread(), try rig.addThread()]
        let middle = [try rig.addThread(), try rig.addThread()]
        let sinks = [try rig.addThread(), try rig.addThread()]
        let seen = [Numbers(), Numbers()]
        for side in 0..<2 {
            try rig.startSource(NumberSource(count: 10_000), on: sources[side])
            try rig.start(NumberSwitch { _ in 0 }, on: middle[side])
            try rig.start(NumberSink(seen[side]), on: sinks[side])
        }
        func ring(_ from: ThreadID, _ to: ThreadID) throws -> RingID {
            try rig.datapath.addRing(from: from, to: to, capacity: 64)
        }
        // Path `side`: source -> middle[side] -> middle[other] -> sink.
        let first = [try ring(sources[0], middle[0]), try ring(sources[1], middle[1])]
        let across = [try ring(middle[0], middle[1]), try ring(middle[1], middle[0])]
        let last = [try ring(middle[1], sinks[0]), try ring(middle[0], sinks[1])]
        for side in 0..<2 {
            try rig.setTable(ThreadTable(inputs: [.init(source: .ring(last[side]), routes: [])]), of: sinks[side])
            try rig.setTable(
                ThreadTable(inputs: [
                    .init(source: .ring(first[side]), routes: [[.ring(across[side])]]),
                    .init(source: .ring(across[1 - side]), routes: [[.ring(last[1 - side])]]),
                ]), of: middle[side])
        }
        for side in 0..<2 {
            let frames = try rig.datapath.addFrames(of: sources[side])
            try rig.setTable(
                ThreadTable(inputs: [.init(source: .frames(frames), routes: [[.ring(first[side])]])]),
                of: sources[side])
        }
        rig.until { sinks.allSatisfy { rig.counters($0).rxPackets == 10_000 } }
        rig.stop()
        for side in 0..<2 { #expect(seen[side].values == Array(0..<10_000)) }
        #expect(rig.datapath.census(attempts: 1).isComplete)
    }

    /// A flow stays on one thread, and all threads get some.
    @Test func severalReadersShareFlows() throws {
        let rig = try LoopRig()
        let source = try rig.addThread()
        let sinks = [try rig.addThread(), try rig.addThread(), try rig.addThread()]
        let seen = sinks.map { _ in Numbers() }
        try rig.startSource(NumberSource(count: 9_000), on: source)
        for (sink, numbers) in zip(sinks, seen) { try rig.start(NumberSink(numbers), on: sink) }
        let rings = try sinks.map { try rig.datapath.addRing(from: source, to: $0, capacity: 128) }
        for (sink, ring) in zip(sinks, rings) {
            try rig.setTable(ThreadTable(inputs: [.init(source: .ring(ring), routes: [])]), of: sink)
        }
        let frames = try rig.datapath.addFrames(of: source)
        try rig.setTable(
            ThreadTable(inputs: [.init(source: .frames(frames), routes: [rings.map { .ring($0) }])]), of: source)
        rig.until { sinks.reduce(0) { $0 + rig.counters($1).rxPackets } == 9_000 }
        rig.stop()
        // A number is written over the MAC addresses, which is what makes a flow of a packet that is not IP.
        #expect(Set(seen.flatMap(\.values)).count == 9_000)
        #expect(seen.allSatisfy { $0.values.count > 1_000 && $0.values == $0.values.sorted() })
        #expect(rig.datapath.census(attempts: 1).isComplete)
    }

    /// The way an output leads is changed back and forth while packets flow.
    @Test func aRewireLosesNothing() throws {
        let rig = try LoopRig()
        let source = try rig.addThread()
        let sinks = [try rig.addThread(), try rig.addThread()]
        let seen = [Numbers(), Numbers()]
        let packets: UInt64 = 200_000
        try rig.startSource(NumberSource(count: packets), on: source)
        for (sink, numbers) in zip(sinks, seen) { try rig.start(NumberSink(numbers), on: sink) }
        let frames = try rig.datapath.addFrames(of: source)
        var current: RingID?
        var round = 0
        while sinks.reduce(0, { $0 + rig.counters($1).rxPackets }) < packets / 2 || round < 20 {
            let sink = sinks[round % 2]
            let ring = try rig.datapath.addRing(from: source, to: sink, capacity: 256)
            try rig.setTable(ThreadTable(inputs: [.init(source: .ring(ring), routes: [])]), of: sink)
            try rig.setTable(
                ThreadTable(inputs: [.init(source: .frames(frames), routes: [[.ring(ring)]])]), of: source)
            if let old = current {
                rig.until { rig.datapath.ring(old)?.used == 0 }
                try rig.setTable(ThreadTable(), of: sinks[(round + 1) % 2])
                #expect(rig.datapath.removeRing(old) == 0)
            }
            current = ring
            round += 1
        }
        rig.until { sinks.reduce(0) { $0 + rig.counters($1).rxPackets } == packets }
        rig.stop()
        #expect((seen[0].values + seen[1].values).sorted() == Array(0..<packets))
        #expect(rig.datapath.census(attempts: 1).isComplete)
    }
}
