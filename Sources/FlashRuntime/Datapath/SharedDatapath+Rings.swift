// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// An exchange ring as of now.
package struct RingState: Hashable, Codable, Sendable {
    /// In frames, all of which the ring holds at any time.
    package var capacity: Int
    /// Packets that wait in it.
    package var used: Int
    /// Packets that have gone into it since it was made, modulo 2^32. The probe is not one of them.
    package var sent: UInt32
    /// Bytes of these, but for a batch that its writer died over.
    package var bytes: UInt64
    /// A probe of the writer has come through to the reader.
    package var isProven: Bool
    /// The number by which the port at its end is known outside.
    package var flashID: Int
}

extension SharedDatapath {
    /// Makes a ring and fills it with free frames: `capacity` of them, or fewer (a power of two, 64 at least) where
    /// the pool is short.
    ///
    /// - Parameter wanted: 0: a ring without slots, for a link through sockets, which counts its packets.
    package func addRing(
        from writer: ThreadID, to reader: ThreadID, capacity wanted: Int
    ) throws(DatapathError) -> RingID {
        var capacity = min(wanted, 1 << 16)
        while capacity > 64 && capacity > freeFrames.count { capacity /= 2 }
        guard capacity <= freeFrames.count else { throw .frames(needed: capacity, free: freeFrames.count) }
        guard let index = (0..<Int(FLASH_RINGS)).first(where: { rings[$0] == nil }) else {
            throw .exhausted(what: "rings", limit: Int(FLASH_RINGS))
        }
        guard let range = capacity == 0 ? 0..<0 : heap.allocate(capacity * MemoryLayout<Packet>.stride) else {
            throw .exhausted(what: "bytes for rings", limit: arenaSize)
        }
        let slots = arena.at(UInt64(range.lowerBound), as: Packet.self)
        for slot in 0..<capacity { slots[slot] = Packet(address: takeFreeFrame(), length: 0) }
        let number = takeNumber()
        let ring = arena.ring(UInt32(index))
        ring.update(repeating: flash_ring(), count: 1)
        ring.pointee.capacity = UInt32(capacity)
        ring.pointee.writer = UInt32(writer.rawValue)
        ring.pointee.reader = UInt32(reader.rawValue)
        ring.pointee.slots = UInt64(range.lowerBound)
        ring.pointee.number = UInt32(number)
        flash_store_release(&ring.pointee.use, UInt32(FLASH_USED.rawValue))
        rings[index] = RingRecord(
            slots: range, capacity: capacity, writer: writer.rawValue, reader: reader.rawValue, number: number)
        return RingID(rawValue: index)
    }

    /// The frames that a source fills: a ring of its own.
    package func addFrames(of thread: ThreadID) throws(DatapathError) -> RingID {
        try addRing(from: thread, to: thread, capacity: 128)
    }

    /// Takes over a ring of a topology that runs.
    ///
    /// - Parameter number: its flash-id; nil: whatever ring it is.
    package func adoptRing(_ ring: RingID, number: Int? = nil) throws(DatapathError) {
        let block = arena.ring(UInt32(truncatingIfNeeded: ring.rawValue)).pointee
        let capacity = Int(block.capacity)
        let start = Int(truncatingIfNeeded: block.slots)
        guard (0..<Int(FLASH_RINGS)).contains(ring.rawValue), rings[ring.rawValue] == nil,
            block.use == UInt32(FLASH_USED.rawValue), number ?? Int(block.number) == Int(block.number),
            capacity == 0
                || (capacity.nonzeroBitCount == 1 && capacity <= 1 << 16
                    && start >= heapStart && start <= arenaSize - capacity * MemoryLayout<Packet>.stride)
        else { throw .invalid("no ring \(ring.rawValue) to adopt") }
        let range = capacity == 0 ? 0..<0 : start..<start + capacity * MemoryLayout<Packet>.stride
        guard capacity == 0 || heap.reserve(range) else { throw .invalid("ring \(ring.rawValue) overlaps") }
        rings[ring.rawValue] = RingRecord(
            slots: range, capacity: capacity, writer: Int(block.writer), reader: Int(block.reader),
            number: Int(block.number))
    }

    package func ring(_ ring: RingID) -> RingState? {
        guard let record = rings[ring.rawValue] else { return nil }
        let block = arena.ring(UInt32(ring.rawValue))
        let consumer = flash_load_acquire(&block.pointee.consumer)
        let producer = flash_load_acquire(&block.pointee.producer)
        return RingState(
            capacity: record.capacity, used: min(Int(producer &- consumer), record.capacity),
            // The probe is always the first to go in.
            sent: producer == 0 || record.capacity == 0 ? producer : producer &- 1,
            bytes: flash_load_relaxed64(flash_ring_bytes(block)),
            isProven: flash_load_relaxed(&block.pointee.probed) != 0, flashID: record.number)
    }

    /// Gives a ring's frames back to the pool. Returns how many packets still stood in it, which are lost.
    ///
    /// - Precondition: no thread's table names it any more (acknowledged), or the thread does not run.
    @discardableResult
    package func removeRing(_ ring: RingID) -> Int {
        guard let record = rings.removeValue(forKey: ring.rawValue) else { return 0 }
        let block = arena.ring(UInt32(ring.rawValue))
        let left = min(
            Int(flash_load_acquire(&block.pointee.producer) &- flash_load_acquire(&block.pointee.consumer)),
            record.capacity)
        let slots = arena.at(UInt64(record.slots.lowerBound), as: Packet.self)
        for slot in 0..<record.capacity { returnFrame(at: slots[slot].address) }
        block.update(repeating: flash_ring(), count: 1)
        if !record.slots.isEmpty { heap.release(record.slots) }
        return left
    }

    /// The next free frame's address. The frame's mark is cleared first: a daemon that dies in between loses it, and
    /// never hands it out twice.
    func takeFreeFrame() -> UInt64 {
        let frame = freeFrames.removeLast()
        framePool[Int(frame)] = 0
        return UInt64(frame) * UInt64(frameSize)
    }

    /// Takes a frame back, unless a worker has written an address that is none or that is in the pool already.
    func returnFrame(at address: UInt64) {
        let frame = arena.frame(of: address)
        guard frame < frameCount, framePool[frame] == 0 else { return }
        framePool[frame] = 1
        freeFrames.append(UInt32(frame))
    }

    /// Numbers count from 1 and are handed out in turn, so that a freed one is not used again at once.
    func takeNumber() -> Int {
        let number = arena.base.pointee.next_number
        arena.base.pointee.next_number = number >= 0x7fff_ffff ? 1 : number + 1
        return Int(max(number, 1))
    }
}
