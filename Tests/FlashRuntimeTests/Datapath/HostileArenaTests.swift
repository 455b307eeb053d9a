// SPDX-License-Identifier: Apache-2.0

import CFlashRuntime
import Testing

@testable import FlashRuntime

/// Every worker of a topology can write all over the arena: the daemon must survive it.
@Suite struct HostileArenaTests {
    private static func scribble(_ datapath: SharedDatapath, using generator: inout SeededGenerator) {
        let bytes = UnsafeMutableRawPointer(datapath.arena.base)
        let threads = Int(FLASH_THREADS_OFFSET)
        let rings = threads + Int(FLASH_THREADS) * MemoryLayout<flash_thread>.size
        let ports = rings + Int(FLASH_RINGS) * MemoryLayout<flash_ring>.size
        let areas = [
            0..<MemoryLayout<flash_arena>.size, threads..<threads + 4 * MemoryLayout<flash_thread>.size,
            rings..<rings + 4 * MemoryLayout<flash_ring>.size, ports..<ports + 2 * MemoryLayout<flash_port>.size,
            datapath.heapStart..<datapath.heapStart + 8192,
        ]
        for area in areas {
            for _ in 0..<200 {
                let offset = Int.random(in: area, using: &generator) & ~7
                let words: [UInt64] = [
                    0, .max, 1 << 63, generator.next(), generator.next() >> 32, generator.next() >> 52,
                ]
                bytes.storeBytes(of: words[Int(generator.next() % 6)], toByteOffset: offset, as: UInt64.self)
            }
        }
    }

    @Test(arguments: UInt64(0)..<20) func whatAWorkerWritesDoesNoHarm(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let datapath = try SharedDatapath.create(frameCount: 1024, frameSize: 2048)
        let threads = try (0..<3).map { _ in try datapath.addThread() }
        let rings = try (0..<2).map { try datapath.addRing(from: threads[$0], to: threads[$0 + 1], capacity: 64) }
        for _ in 0..<20 {
            Self.scribble(datapath, using: &generator)
            #expect(datapath.census(attempts: 2).total == 1024)
            for ring in rings { #expect(datapath.ring(ring)?.capacity == 64) }
            for thread in threads {
                _ = datapath.counters(thread, programCounters: .max)
                _ = datapath.acknowledgedMode(thread)
                datapath.recover(thread)
                let table = ThreadTable(inputs: [.init(source: .ring(rings[0]), routes: [[.ring(rings[1])]])])
                _ = try datapath.setTable(table, of: thread)
            }
            let extra = try datapath.addRing(from: threads[0], to: threads[2], capacity: 64)
            Self.scribble(datapath, using: &generator)
            datapath.removeRing(extra)
        }
        for ring in rings { datapath.removeRing(ring) }
        for thread in threads { datapath.removeThread(thread) }
    }

    /// The next daemon finds it so: it takes over what it can, and refuses the rest.
    @Test(arguments: UInt64(0)..<40) func whatAWorkerWroteIsNoTrapForTheNextDaemon(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let before = try SharedDatapath.create(frameCount: 1024, frameSize: 2048)
        let threads = try (0..<3).map { _ in try before.addThread() }
        let rings = try (0..<2).map { try before.addRing(from: threads[$0], to: threads[$0 + 1], capacity: 64) }
        for thread in threads {
            _ = try before.setTable(
                ThreadTable(inputs: [.init(source: .ring(rings[0]), routes: [[.ring(rings[1])]])]), of: thread)
        }
        let header = before.arena.base.pointee
        Self.scribble(before, using: &generator)
        if seed % 4 != 0 { before.arena.base.pointee = header }

        let memory = try OwnedDescriptor.duplicate(before.memoryDescriptor)
        let arena = try OwnedDescriptor.duplicate(before.arenaDescriptor)
        guard let after = try? SharedDatapath.adopt(memory: memory, arena: arena) else { return }
        for thread in threads { try? after.adoptThread(thread, event: OwnedDescriptor.event()) }
        for ring in rings { try? after.adoptRing(ring) }
        after.holdStrays()
        after.reclaim()
        #expect(after.census(attempts: 1).missing == 0)
    }
}
