// SPDX-License-Identifier: Apache-2.0

import CFlashRuntime
import Testing

@testable import FlashRuntime

/// A batch of three packets from one ring to two others, stopped after each of its writes.
@Suite struct RecoveryTests {
    private struct Scene {
        let datapath: SharedDatapath
        let thread: ThreadID
        let input: RingID
        let outputs: [RingID]
        let arena: Arena
        let journal: Journal

        /// Packets 0 and 2 are to go to outputs 0 and 1, packet 1 is dropped.
        init(uniform: Bool = false) throws {
            datapath = try SharedDatapath.create(frameCount: 512, frameSize: 2048)
            thread = try datapath.addThread()
            let input = try datapath.addRing(from: thread, to: thread, capacity: 64)
            let outputs = try (0..<2).map { [datapath, thread] _ in
                try datapath.addRing(from: thread, to: thread, capacity: 64)
            }
            self.input = input
            self.outputs = outputs
            arena = datapath.arena
            let arena = arena
            journal = Journal(arena.thread(UInt32(thread.rawValue)))
            let slots = arena.slots(of: arena.ring(UInt32(input.rawValue)))
            for packet in 0..<3 {
                slots[packet].length = UInt32(100 + packet)
                journal.packets[packet] = slots[packet]
            }
            flash_store_release(&arena.ring(UInt32(input.rawValue)).pointee.producer, 3)
            let base = journal.base
            base.pointee.input_kind = UInt32(FLASH_KIND_RING.rawValue)
            base.pointee.input_index = UInt32(input.rawValue)
            base.pointee.input_before = 0
            base.pointee.count = 3
            base.pointee.uniform = uniform ? 1 : 0
            base.pointee.move_count = uniform ? 1 : 2
            for move in 0..<2 {
                journal.moves[move] = flash_move(
                    kind: UInt32(FLASH_KIND_RING.rawValue), index: UInt32(outputs[move].rawValue), before: 0,
                    count: uniform ? 3 : 1)
            }
            for packet in 0..<3 {
                if uniform { continue }
                journal.move[packet] = packet == 1 ? Journal.noMove : UInt8(packet / 2)
                journal.slot[packet] = 0
                journal.taken[packet] = arena.slots(of: arena.ring(UInt32(outputs[packet / 2].rawValue)))[0].address
            }
        }

        /// The writes of a commit, in their order.
        func writes(uniform: Bool) -> [() -> Void] {
            let rings = outputs.map { arena.ring(UInt32($0.rawValue)) }
            let input = arena.ring(UInt32(input.rawValue))
            let moved = uniform ? [0, 1, 2] : [0, 2]
            var writes: [() -> Void] = []
            if uniform {
                writes.append { self.journal.beginExchange() }
                for packet in moved {
                    writes.append {
                        self.arena.slots(of: input)[packet].address = self.arena.slots(of: rings[0])[packet].address
                    }
                }
            }
            writes.append { self.journal.beginCommit() }
            for packet in moved {
                writes.append {
                    let ring = rings[uniform ? 0 : packet / 2]
                    self.arena.slots(of: ring)[uniform ? packet : 0] = self.journal.packets[packet]
                }
            }
            if uniform {
                writes.append { flash_store_release(&rings[0].pointee.producer, 3) }
            } else {
                for ring in rings { writes.append { flash_store_release(&ring.pointee.producer, 1) } }
            }
            for packet in moved where !uniform {
                writes.append { self.arena.slots(of: input)[packet].address = self.journal.taken[packet] }
            }
            writes.append { flash_store_release(&input.pointee.consumer, 3) }
            return writes
        }

        func lengths(_ ring: RingID) -> [UInt32] {
            let block = arena.ring(UInt32(ring.rawValue))
            return (block.pointee.consumer..<block.pointee.producer).map { arena.slots(of: block)[Int($0)].length }
        }
    }

    @Test(arguments: [false, true])
    func aBatchIsCarriedThroughFromAnyPoint(uniform: Bool) throws {
        for stop in 1...(try Scene(uniform: uniform).writes(uniform: uniform).count) {
            let scene = try Scene(uniform: uniform)
            for write in scene.writes(uniform: uniform).prefix(stop) { write() }
            for _ in 0..<2 {
                scene.datapath.recover(scene.thread)
                #expect(scene.lengths(scene.input).isEmpty, "stopped after \(stop)")
                #expect(scene.lengths(scene.outputs[0]) == (uniform ? [100, 101, 102] : [100]))
                #expect(scene.lengths(scene.outputs[1]) == (uniform ? [] : [102]))
                #expect(scene.datapath.census(attempts: 1).isComplete)
            }
        }
    }

    @Test func aBatchThatWasNotFinalIsLeftToTheSuccessor() throws {
        let scene = try Scene()
        scene.datapath.recover(scene.thread)
        #expect(scene.lengths(scene.input) == [100, 101, 102])
        #expect(scene.datapath.census(attempts: 1).isComplete)
    }

    /// A worker can write anything into its journal: the daemon must survive it.
    @Test func aJournalOfNonsenseDoesNoHarm() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let scene = try Scene()
            let bytes = UnsafeMutableRawBufferPointer(
                start: UnsafeMutableRawPointer(scene.journal.base), count: MemoryLayout<flash_journal>.size)
            for index in bytes.indices { bytes[index] = UInt8.random(in: 0...255, using: &generator) }
            let phase = Bool.random(using: &generator) ? FLASH_PHASE_COMMITTING : FLASH_PHASE_EXCHANGING
            scene.journal.base.pointee.phase = UInt32(phase.rawValue)
            scene.datapath.recover(scene.thread)
        }
    }
}
