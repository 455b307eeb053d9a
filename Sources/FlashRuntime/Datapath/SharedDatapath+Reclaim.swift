// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

extension SharedDatapath {
    /// Frames that no ring and no queue has.
    package var freeFrameCount: Int { freeFrames.count }

    /// Takes the UMEM's pages out of this process's resident set; their contents stay. The kernel puts them in when a
    /// socket registers them, and the daemon never looks at them.
    package func leaveMemory() {
        madvise(memory, memorySize, MADV_DONTNEED)
    }

    /// To be called once all that is in use was adopted, before anything else is made: keeps what else stands in the arena
    /// from being overwritten. The daemon before was making or removing it when it died, or its last holder is gone.
    package func holdStrays() {
        for index in 0..<Int(FLASH_RINGS) where rings[index] == nil {
            guard arena.ring(UInt32(index)).pointee.use == UInt32(FLASH_USED.rawValue) else { continue }
            do throws(DatapathError) {
                try adoptRing(RingID(rawValue: index))
                strays.rings.append(index)
            } catch {
                arena.ring(UInt32(index)).update(repeating: flash_ring(), count: 1)
            }
        }
        for index in 0..<Int(FLASH_PORTS) where ports[index] == nil {
            let block = arena.port(UInt32(index)).pointee
            guard block.use == UInt32(FLASH_USED.rawValue) else { continue }
            let start = Int(truncatingIfNeeded: block.pool)
            let size = Int(block.transmit.size) * MemoryLayout<UInt64>.stride
            var pool: Range<Int>?
            if size <= 8 << 16, start >= Int(arena.base.pointee.heap), start <= arenaSize - size,
                heap.reserve(start..<start + size)
            {
                pool = start..<start + size
            }
            strays.ports.append((index, pool))
        }
    }

    /// Clears what `holdStrays` found, and takes its frames back.
    ///
    /// - Precondition: no thread's table names it any more, acknowledged.
    package func reclaim() {
        for ring in strays.rings { removeRing(RingID(rawValue: ring)) }
        for (index, pool) in strays.ports {
            let tag = UInt16(index + 1)
            for frame in 0..<frameCount where arena.framePorts[frame] == tag {
                arena.framePorts[frame] = 0
                returnFrame(at: UInt64(frame) * UInt64(frameSize))
            }
            if let pool {
                reclaimPool(pool)
                heap.release(pool)
            }
            arena.port(UInt32(index)).update(repeating: flash_port(), count: 1)
        }
        strays = Strays()
        for index in 0..<Int(FLASH_THREADS) where threads[index] == nil {
            let block = arena.thread(UInt32(index))
            if block.pointee.use != 0 { block.update(repeating: flash_thread(), count: 1) }
        }
    }

    /// Takes back what is left in the send side's pool of a queue whose socket is gone: frames that nobody else has.
    private func reclaimPool(_ range: Range<Int>) {
        var owned = Set<UInt64>()
        for record in rings.values {
            let slots = arena.at(UInt64(record.slots.lowerBound), as: Packet.self)
            for slot in 0..<record.capacity { owned.insert(UInt64(arena.frame(of: slots[slot].address))) }
        }
        for record in ports.values {
            forEachFreeFrame(of: record) { owned.insert(UInt64(arena.frame(of: $0))) }
        }
        let pool = arena.at(UInt64(range.lowerBound), as: UInt64.self)
        for slot in 0..<range.count / MemoryLayout<UInt64>.stride {
            let frame = arena.frame(of: pool[slot])
            guard frame < frameCount, arena.framePorts[frame] == 0, !owned.contains(UInt64(frame)) else { continue }
            returnFrame(at: pool[slot])
        }
    }
}

/// What stands in an adopted arena and belongs to nobody.
struct Strays {
    var rings: [Int] = []
    /// Slots of queues, and where the pools of their send sides lie.
    var ports: [(index: Int, pool: Range<Int>?)] = []
}
