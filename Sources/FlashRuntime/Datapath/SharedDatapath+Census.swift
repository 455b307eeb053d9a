// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// Who has the frames of a UMEM. Every frame has exactly one owner at any time.
package struct FrameCensus: Hashable, Codable, Sendable {
    package var total: Int
    package var inRings: Int
    /// In the kernel's rings of NIC queues, or with the kernel.
    package var inQueues: Int
    /// In the pool, for rings and queues to come.
    package var free: Int
    /// Frames that nobody has.
    package var missing: Int
    /// Frames that more than one has.
    package var duplicated: Int

    package var isComplete: Bool { missing == 0 && duplicated == 0 }
}

extension SharedDatapath {
    /// Counts each frame's owners. While packets move a frame can be seen on both sides of a hop or on neither: counted
    /// up to `attempts` times, a frame is missing or duplicated only if it is so each time.
    package func census(attempts: Int = 8) -> FrameCensus {
        var (census, owners) = count()
        for _ in 1..<max(attempts, 1) where !census.isComplete {
            let (again, others) = count()
            for frame in 0..<frameCount where (owners[frame] == 0) != (others[frame] == 0) || others[frame] == 1 {
                owners[frame] = 1
            }
            census = again
            census.missing = owners.count { $0 == 0 }
            census.duplicated = owners.count { $0 > 1 }
        }
        return census
    }

    private func count() -> (census: FrameCensus, owners: [UInt8]) {
        var census = FrameCensus(total: frameCount, inRings: 0, inQueues: 0, free: 0, missing: 0, duplicated: 0)
        var owners = owners(&census.inRings, &census.inQueues)
        for frame in 0..<frameCount {
            if framePool[frame] != 0 {
                census.free += 1
                if owners[frame] < .max { owners[frame] += 1 }
            }
            if owners[frame] == 0 { census.missing += 1 }
            if owners[frame] > 1 { census.duplicated += 1 }
        }
        return (census, owners)
    }

    /// In how many rings and queues each frame is.
    func owners() -> [UInt8] {
        var (inRings, inQueues) = (0, 0)
        return owners(&inRings, &inQueues)
    }

    private func owners(_ inRings: inout Int, _ inQueues: inout Int) -> [UInt8] {
        var owners = [UInt8](repeating: 0, count: frameCount)
        func note(_ address: UInt64) -> Bool {
            let frame = arena.frame(of: address)
            guard frame < frameCount else { return false }
            if owners[frame] < .max { owners[frame] += 1 }
            return true
        }
        for record in rings.values {
            let slots = arena.at(UInt64(record.slots.lowerBound), as: Packet.self)
            for slot in 0..<record.capacity where note(slots[slot].address) { inRings += 1 }
        }
        for record in ports.values {
            forEachFreeFrame(of: record) { if note($0) { inQueues += 1 } }
        }
        for frame in 0..<frameCount where arena.framePorts[frame] != 0 {
            inQueues += 1
            if owners[frame] < .max { owners[frame] += 1 }
        }
        return owners
    }

    /// Addresses of the frames that stand in the pool of a queue's send side.
    func forEachFreeFrame(of record: PortRecord, _ body: (UInt64) -> Void) {
        let pool = arena.at(UInt64(record.pool.lowerBound), as: UInt64.self)
        let mapping = record.mapping
        let sent = flash_load_acquire(mapping.transmit.producer)
        let size = mapping.transmit.mask &+ 1
        let free = min(flash_load_acquire(mapping.completion.consumer) &+ size &- sent, size)
        for offset in 0..<free { body(pool[Int((sent &+ offset) & mapping.transmit.mask)]) }
    }
}
