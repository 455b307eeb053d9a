// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct SharedDatapathTests {
    @Test func framesComeBackFromRings() throws {
        let datapath = try SharedDatapath.create(frameCount: 1024, frameSize: 2048)
        let thread = try datapath.addThread()
        for _ in 0..<1_000 {
            let ring = try datapath.addRing(from: thread, to: thread, capacity: 512)
            #expect(datapath.removeRing(ring) == 0)
        }
        let census = datapath.census(attempts: 1)
        #expect(census.free == 1024 && census.isComplete)
        #expect(datapath.memorySize == 2 << 20)
    }

    @Test func aRingIsSmallerWhereFramesAreShort() throws {
        let datapath = try SharedDatapath.create(frameCount: 640, frameSize: 2048)
        let thread = try datapath.addThread()
        let first = try datapath.addRing(from: thread, to: thread, capacity: 512)
        let second = try datapath.addRing(from: thread, to: thread, capacity: 512)
        #expect(datapath.ring(first)?.capacity == 512)
        #expect(datapath.ring(second)?.capacity == 128)
        #expect(throws: DatapathError.frames(needed: 64, free: 0)) {
            try datapath.addRing(from: thread, to: thread, capacity: 512)
        }
    }

    @Test func numbersAreNotUsedAgainAtOnce() throws {
        let datapath = try SharedDatapath.create(frameCount: 1024, frameSize: 2048)
        let thread = try datapath.addThread()
        let first = try datapath.addRing(from: thread, to: thread, capacity: 64)
        let number = datapath.ring(first)?.flashID
        datapath.removeRing(first)
        let second = try datapath.addRing(from: thread, to: thread, capacity: 64)
        #expect(number == 1)
        #expect(datapath.ring(second)?.flashID == 2)
    }

    /// What a successor of the daemon finds by descriptors alone.
    @Test func anotherDaemonTakesOver() throws {
        let old = try SharedDatapath.create(frameCount: 2048, frameSize: 4096)
        let thread = try old.addThread()
        let ring = try old.addRing(from: thread, to: thread, capacity: 256)
        _ = try old.setTable(ThreadTable(inputs: [.init(source: .ring(ring), routes: [])]), of: thread)

        let new = try SharedDatapath.adopt(
            memory: OwnedDescriptor.duplicate(old.memoryDescriptor),
            arena: OwnedDescriptor.duplicate(old.arenaDescriptor))
        try new.adoptThread(thread, event: OwnedDescriptor.duplicate(old.event(of: thread)))
        try new.adoptRing(ring)
        #expect(new.frameSize == 4096)
        #expect(new.ring(ring)?.capacity == 256)
        #expect(new.census(attempts: 1).isComplete)
        #expect(try new.addRing(from: thread, to: thread, capacity: 64) != ring)
        #expect(throws: DatapathError.self) { try new.adoptRing(ring) }
        #expect(throws: DatapathError.self) { try new.adoptRing(RingID(rawValue: 1 << 40)) }
        #expect(throws: DatapathError.self) { try new.adoptRing(RingID(rawValue: -1)) }
    }

    /// The daemon before died while it made one ring and removed another.
    @Test func framesInTheHandsOfADeadDaemonComeBack() throws {
        let old = try SharedDatapath.create(frameCount: 1024, frameSize: 2048)
        let thread = try old.addThread()
        let kept = try old.addRing(from: thread, to: thread, capacity: 256)
        let slots = old.arena.slots(of: old.arena.ring(UInt32(kept.rawValue)))
        for slot in 0..<100 { old.returnFrame(at: slots[slot].address) }
        for _ in 0..<50 { _ = old.takeFreeFrame() }
        let stray = try old.addRing(from: thread, to: thread, capacity: 128)
        #expect(old.census(attempts: 1).isComplete == false)

        let new = try SharedDatapath.adopt(
            memory: OwnedDescriptor.duplicate(old.memoryDescriptor),
            arena: OwnedDescriptor.duplicate(old.arenaDescriptor))
        try new.adoptThread(thread, event: OwnedDescriptor.duplicate(old.event(of: thread)))
        let number = try #require(old.ring(kept)?.flashID)
        #expect(throws: DatapathError.self) { try new.adoptRing(kept, number: number + 1) }
        try new.adoptRing(kept, number: number)
        new.holdStrays()
        #expect(new.hasStrays)
        #expect(new.reclaim() == 0)
        #expect(new.ring(stray) == nil)
        let census = new.census(attempts: 1)
        #expect(census.isComplete)
        #expect(census.inRings == 256 && census.free == 768)
    }

    @Test func memoryOfAnotherKindIsRefused() throws {
        #expect(throws: SystemError.self) {
            try SharedDatapath.adopt(
                memory: OwnedDescriptor.memory(name: "test", size: 4096),
                arena: OwnedDescriptor.memory(name: "test", size: 1 << 30))
        }
        #expect(throws: SystemError.self) {
            try SharedDatapath.adopt(
                memory: OwnedDescriptor.memory(name: "test", size: 4096),
                arena: OwnedDescriptor.memory(name: "test", size: 4096))
        }
    }

    @Test func extentsMergeAndNeverOverlap() {
        var generator = SystemRandomNumberGenerator()
        var allocator = ExtentAllocator(start: 0, size: 1 << 20)
        var held: [Range<Int>] = []
        for _ in 0..<5_000 {
            if Bool.random(using: &generator), let index = held.indices.randomElement(using: &generator) {
                allocator.release(held.remove(at: index))
            } else if let range = allocator.allocate(Int.random(in: 1...20_000, using: &generator)) {
                #expect(!held.contains { $0.overlaps(range) })
                held.append(range)
            }
        }
        for range in held { allocator.release(range) }
        #expect(allocator.allocate(1 << 20) == 0..<1 << 20)
    }
}
