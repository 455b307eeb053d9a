// SPDX-License-Identifier: Apache-2.0

import CFlashRuntime
import Glibc
import Testing

@testable import FlashRuntime

/// When a thread wakes its neighbours, and what ends its own sleep.
@Suite struct WakingTests {
    /// A packet that comes between the last look and poll() ends the sleep all the same.
    @Test func aPacketAfterTheLastLookEndsTheSleep() throws {
        let rig = try LoopRig()
        let thread = try rig.addThread()
        // A file in memory, of which poll() always says that there is something to read.
        let socket = try FileSocket()
        let port = try rig.datapath.addPort(socket: socket.descriptor, rings: FileSocket.rings)
        let resources = WorkerResources(acknowledgeEvent: -1)
        let block = rig.arena.port(UInt32(port.rawValue)).pointee
        resources.setQueue(
            try QueueMapping(socket: socket.descriptor, port: block), descriptors: [], of: UInt32(port.rawValue))
        _ = try rig.datapath.setTable(ThreadTable(inputs: [.init(source: .port(port), routes: [])]), of: thread)
        var table = TableView(
            thread: rig.arena.thread(UInt32(thread.rawValue)), arena: rig.arena, resources: resources)
        defer { table.release() }

        table.inputs[0].isAwaited = table.inputs[0].available() == 0
        #expect(table.inputs[0].isAwaited)
        flash_store_release(table.inputs[0].producerWord, 1)
        let hasCome = table.poll(blocked: false, nanoseconds: 0)
        #expect(hasCome)
    }

    /// A neighbour on another CPU is woken when a quarter of the ring waits for it; one on the same CPU later, when there is
    /// more to hand over.
    @Test(arguments: [(nil, nil, 256), (0, 1, 256), (0, nil, 256), (3, 3, 768)] as [(Int?, Int?, UInt64)])
    func aReaderIsWokenForAsMuchAsItsCPUSuggests(writer: Int?, reader: Int?, packets: UInt64) throws {
        let rig = try LoopRig()
        let source = try rig.addThread()
        let sink = try rig.addThread()
        rig.datapath.setCPU(writer, of: source)
        rig.datapath.setCPU(reader, of: sink)
        let sleeper = rig.arena.thread(UInt32(sink.rawValue))
        flash_store_release(&sleeper.pointee.sleeping, UInt32(FLASH_SLEEPS_EMPTY.rawValue))
        let watch = WatchingSource(sleeper: sleeper, count: 1024)
        try rig.startSource(watch, on: source)
        let ring = try rig.datapath.addRing(from: source, to: sink, capacity: 1024)
        // Not new: no probe goes first.
        rig.arena.ring(UInt32(ring.rawValue)).pointee.producer = 1024
        rig.arena.ring(UInt32(ring.rawValue)).pointee.consumer = 1024
        let frames = try rig.datapath.addFrames(of: source)
        try rig.setTable(
            ThreadTable(inputs: [.init(source: .frames(frames), routes: [[.ring(ring)]])]), of: source)
        rig.until { rig.counters(source).txPackets == 1024 }
        rig.stop()
        #expect(watch.wokenAfter.values == [packets])
    }
}

/// Makes `count` packets, and notes after how many the sleeper is awake.
private struct WatchingSource: PacketSource {
    static let declaration = ProgramDeclaration(
        name: "watching-source", summary: "Watches a sleeper", isSource: true, outputs: .fixed(["out"]))
    let sleeper: UnsafeMutablePointer<flash_thread>
    let wokenAfter = Numbers()
    var source: NumberSource

    init(sleeper: UnsafeMutablePointer<flash_thread>, count: UInt64) {
        self.sleeper = sleeper
        source = NumberSource(count: count)
    }

    init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) {
        throw ConfigurationError(parameter: "sleeper", message: "has none")
    }

    mutating func generate(into batch: PacketBatch, now: UInt64, counters: ProgramCounters) -> Int {
        let isAwake = flash_load_acquire(&sleeper.pointee.sleeping) == UInt32(FLASH_AWAKE.rawValue)
        if isAwake && wokenAfter.values.isEmpty { wokenAfter.values.append(source.next) }
        return source.generate(into: batch, now: now, counters: counters)
    }

    func nextDue(now: UInt64) -> UInt64 { source.nextDue(now: now) }
}
