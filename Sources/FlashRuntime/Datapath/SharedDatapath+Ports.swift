// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// A socket's rings as of now.
package struct PortState: Hashable, Codable, Sendable {
    /// Packets in the RX ring, and its size.
    package var receiveUsed: Int
    package var receiveSize: Int
    /// Frames that the kernel sends or has sent and nobody took back yet, and the send side's size.
    package var transmitUsed: Int
    package var transmitSize: Int
    /// Packets in the TX ring that the kernel has not looked at.
    package var transmitWaiting: Int
    /// Packets taken from the RX ring and put into the TX ring since the socket was opened, modulo 2^32.
    package var received: UInt32
    package var sent: UInt32
    /// Of the latter, those that the kernel has taken.
    package var taken: UInt32
    /// Bytes of the latter, but for a batch that its writer died over.
    package var sentBytes: UInt64
    package var flashID: Int
}

extension SharedDatapath {
    /// Sockets that a topology can have.
    package static var portLimit: Int { Int(FLASH_PORTS) }

    /// Frames that a queue with such rings takes.
    package static func frames(for rings: QueueRings) -> Int { Int(rings.fill.size) + Int(rings.transmit.size) }

    /// Makes a port for a bound socket: fills its fill ring and the pool of its send side.
    ///
    /// - Parameters:
    ///   - socket: borrowed; it stays open until the port is removed.
    ///   - redirects: whether it exchanges packets with other sockets in place of a device.
    package func addPort(
        socket: Int32, rings: QueueRings, redirects: Bool = false
    ) throws(DatapathError) -> PortID {
        let sendSize = Int(rings.transmit.size)
        let needed = Self.frames(for: rings)
        guard needed <= freeFrames.count else { throw .frames(needed: needed, free: freeFrames.count) }
        guard let index = (0..<Int(FLASH_PORTS)).first(where: { ports[$0] == nil }) else {
            throw .exhausted(what: "sockets", limit: Self.portLimit)
        }
        guard let range = heap.allocate(sendSize * MemoryLayout<UInt64>.stride) else {
            throw .exhausted(what: "bytes for queues", limit: arenaSize)
        }
        var block = flash_port()
        block.receive = flash_kernel_ring(rings.receive)
        block.transmit = flash_kernel_ring(rings.transmit)
        block.fill = flash_kernel_ring(rings.fill)
        block.completion = flash_kernel_ring(rings.completion)
        block.pool = UInt64(range.lowerBound)
        block.number = UInt32(takeNumber())
        block.use = UInt32(FLASH_USED.rawValue)
        block.redirects = redirects ? 1 : 0
        let mapping: QueueMapping
        do { mapping = try QueueMapping(socket: socket, port: block) } catch {
            heap.release(range)
            throw .system(error)
        }
        let pool = arena.at(block.pool, as: UInt64.self)
        for slot in 0..<sendSize { pool[slot] = takeFreeFrame() }
        let fill = mapping.fill
        for slot in 0..<rings.fill.size {
            let address = takeFreeFrame()
            fill.addresses[Int(slot & fill.mask)] = address
            arena.setPort(redirects ? UInt16(FLASH_REDIRECTING) : UInt16(index + 1), ofFrameAt: address)
        }
        flash_store_release(fill.producer, rings.fill.size)
        arena.port(UInt32(index)).update(repeating: block, count: 1)
        ports[index] = PortRecord(
            pool: range, mapping: mapping, number: Int(block.number), redirects: redirects)
        return PortID(rawValue: index)
    }

    /// Takes over a port of a topology that runs.
    ///
    /// - Parameters:
    ///   - socket: borrowed, as for `addPort`.
    ///   - rings: as the kernel says for this socket, not as the arena does.
    ///   - number: its flash-id.
    ///   - redirects: as for `addPort`.
    package func adoptPort(
        _ port: PortID, socket: Int32, rings: QueueRings, number: Int, redirects: Bool = false
    ) throws(DatapathError) {
        let index = port.rawValue
        guard (0..<Int(FLASH_PORTS)).contains(index), ports[index] == nil else {
            throw .invalid("no queue \(index) to adopt")
        }
        var block = arena.port(UInt32(index)).pointee
        let start = Int(truncatingIfNeeded: block.pool)
        let size = Int(rings.transmit.size) * MemoryLayout<UInt64>.stride
        guard block.use == UInt32(FLASH_USED.rawValue), Int(block.number) == number,
            start >= heapStart, start <= arenaSize - size, heap.reserve(start..<start + size)
        else { throw .invalid("queue \(index) has no pool") }
        block.redirects = redirects ? 1 : 0
        block.receive = flash_kernel_ring(rings.receive)
        block.transmit = flash_kernel_ring(rings.transmit)
        block.fill = flash_kernel_ring(rings.fill)
        block.completion = flash_kernel_ring(rings.completion)
        do {
            let mapping = try QueueMapping(socket: socket, port: block)
            ports[index] = PortRecord(
                pool: start..<start + size, mapping: mapping, number: number, redirects: redirects)
        } catch {
            heap.release(start..<start + size)
            throw .system(error)
        }
    }

    package func port(_ port: PortID) -> PortState? {
        guard let record = ports[port.rawValue] else { return nil }
        let mapping = record.mapping
        func used(_ producer: UnsafeMutablePointer<UInt32>, _ consumer: UnsafeMutablePointer<UInt32>, _ mask: UInt32)
            -> Int
        {
            let reached = flash_load_acquire(consumer)
            return Int(min(flash_load_acquire(producer) &- reached, mask &+ 1))
        }
        return PortState(
            receiveUsed: used(mapping.receive.producer, mapping.receive.consumer, mapping.receive.mask),
            receiveSize: Int(mapping.receive.mask) + 1,
            transmitUsed: used(mapping.transmit.producer, mapping.completion.consumer, mapping.transmit.mask),
            transmitSize: Int(mapping.transmit.mask) + 1,
            transmitWaiting: used(mapping.transmit.producer, mapping.transmit.consumer, mapping.transmit.mask),
            received: flash_load_acquire(mapping.receive.consumer),
            sent: flash_load_acquire(mapping.transmit.producer),
            taken: flash_load_acquire(mapping.transmit.consumer),
            sentBytes: flash_load_relaxed64(flash_port_bytes(arena.port(UInt32(port.rawValue)))), flashID: record.number
        )
    }

    /// Gives what stands in a port's RX ring to its fill ring, and says how many packets that were.
    ///
    /// - Precondition: no thread reads it.
    package func discardReceived(_ port: PortID) -> Int {
        guard let mapping = ports[port.rawValue]?.mapping else { return 0 }
        let first = flash_load_relaxed(mapping.receive.consumer)
        let count = min(flash_load_acquire(mapping.receive.producer) &- first, mapping.receive.mask &+ 1)
        let filled = flash_load_relaxed(mapping.fill.producer)
        for offset in 0..<count {
            let address = mapping.receive.descriptors[Int((first &+ offset) & mapping.receive.mask)].address
            mapping.fill.addresses[Int((filled &+ offset) & mapping.fill.mask)] =
                address & ~(UInt64(frameSize) &- 1)
        }
        flash_store_release(mapping.fill.producer, filled &+ count)
        flash_store_release(mapping.receive.consumer, first &+ count)
        return Int(count)
    }

    /// Gives a port's frames back to the pool: those that the kernel had, and those of the send side.
    ///
    /// - Precondition: no thread's table names it any more, and its socket has been closed everywhere but here.
    package func removePort(_ port: PortID) {
        guard let record = ports.removeValue(forKey: port.rawValue) else { return }
        let tag = UInt16(port.rawValue + 1)
        let pool = arena.at(UInt64(record.pool.lowerBound), as: UInt64.self)
        let mapping = record.mapping
        let sent = flash_load_acquire(mapping.transmit.producer)
        let completed = flash_load_acquire(mapping.completion.consumer) &+ mapping.transmit.mask &+ 1
        let free = min(completed &- sent, mapping.transmit.mask &+ 1)
        for offset in 0..<free { returnFrame(at: pool[Int((sent &+ offset) & mapping.transmit.mask)]) }
        if record.redirects {
            forEachKernelFrame(of: record) { address in
                arena.setPort(0, ofFrameAt: address)
                returnFrame(at: address)
            }
        } else {
            for frame in 0..<frameCount where arena.framePorts[frame] == tag {
                arena.framePorts[frame] = 0
                returnFrame(at: UInt64(frame) * UInt64(frameSize))
            }
        }
        arena.port(UInt32(port.rawValue)).update(repeating: flash_port(), count: 1)
        heap.release(record.pool)
    }
}

extension SharedDatapath {
    /// Addresses of the frames in the kernel rings of a redirecting port. They are all there: no driver has any.
    func forEachKernelFrame(of record: PortRecord, _ body: (UInt64) -> Void) {
        let mapping = record.mapping
        func each(_ ring: KernelRing, _ address: (Int) -> UInt64) {
            let first = flash_load_acquire(ring.consumer)
            let count = min(flash_load_acquire(ring.producer) &- first, ring.mask &+ 1)
            for offset in 0..<count {
                let address = address(Int((first &+ offset) & ring.mask))
                if arena.frame(of: address) < frameCount { body(address) }
            }
        }
        each(mapping.receive) { mapping.receive.descriptors[$0].address }
        each(mapping.transmit) { mapping.transmit.descriptors[$0].address }
        each(mapping.fill) { mapping.fill.addresses[$0] }
        each(mapping.completion) { mapping.completion.addresses[$0] }
    }
}

extension flash_kernel_ring {
    fileprivate init(_ ring: KernelRingGeometry) {
        self.init(
            page_offset: ring.pageOffset, length: ring.length, producer: ring.producer, consumer: ring.consumer,
            flags: ring.flags, descriptors: ring.descriptors, size: ring.size, reserved: 0)
    }
}
