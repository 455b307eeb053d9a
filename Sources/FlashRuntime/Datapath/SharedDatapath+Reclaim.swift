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
    /// from being overwritten, until `reclaim`. The daemon before was making or removing it when it died, or its last holder
    /// is gone. Of threads that were not adopted, the batch at hand is carried through.
    ///
    /// - Precondition: threads that were not adopted do not run.
    package func holdStrays() {
        for index in 0..<Int(FLASH_THREADS) where threads[index] == nil {
            let block = arena.thread(UInt32(index))
            guard block.pointee.use != 0 else { continue }
            repair(block)
            strays.threads.append(index)
        }
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
            if size <= 8 << 16, start >= heapStart, start <= arenaSize - size,
                heap.reserve(start..<start + size)
            {
                pool = start..<start + size
            }
            strays.ports.append((index, pool))
        }
    }

    /// Whether `holdStrays` found anything.
    package var hasStrays: Bool { !strays.threads.isEmpty || !strays.rings.isEmpty || !strays.ports.isEmpty }

    /// Clears what `holdStrays` found, and sets all frames free that no ring and no queue has: also those that the daemon
    /// before had in its hands when it died. Returns how many packets were lost with the rings.
    ///
    /// - Precondition: no thread carries packets: each has acknowledged an empty table, or does not run.
    @discardableResult
    package func reclaim() -> Int {
        var lost = 0
        for ring in strays.rings { lost += removeRing(RingID(rawValue: ring)) }
        for (index, pool) in strays.ports {
            let tag = UInt16(index + 1)
            for frame in 0..<frameCount where arena.framePorts[frame] == tag { arena.framePorts[frame] = 0 }
            if let pool { heap.release(pool) }
            arena.port(UInt32(index)).update(repeating: flash_port(), count: 1)
        }
        for index in strays.threads { arena.thread(UInt32(index)).update(repeating: flash_thread(), count: 1) }
        strays = Strays()
        let redirecting = UInt16(FLASH_REDIRECTING)
        for frame in 0..<frameCount where ports[Int(arena.framePorts[frame]) - 1] == nil {
            arena.framePorts[frame] = 0
        }
        for port in ports.values where port.redirects {
            forEachKernelFrame(of: port) { arena.setPort(redirecting, ofFrameAt: $0) }
        }
        for (frame, count) in owners().enumerated() { framePool[frame] = count == 0 ? 1 : 0 }
        collectFreeFrames()
        return lost
    }
}

/// What stands in an adopted arena and belongs to nobody.
struct Strays {
    var threads: [Int] = []
    var rings: [Int] = []
    /// Slots of queues, and where the pools of their send sides lie.
    var ports: [(index: Int, pool: Range<Int>?)] = []
}
