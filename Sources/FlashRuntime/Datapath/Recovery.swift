// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// Carries through the batch that a dead thread left final, and releases the ports that it held.
///
/// The journal holds absolute values, and each index is published once and last: an index that is still where it was
/// means that what comes before it may be missing, and is written again. Doing it twice does nothing more.
struct Recovery {
    let arena: Arena
    /// The arena's, in bytes.
    let size: Int
    /// The mapped rings of a port; nil where this process has not mapped them.
    let queue: (UInt32) -> QueueMapping?

    /// - Precondition: the thread does not run.
    func repair(_ thread: UnsafeMutablePointer<flash_thread>) {
        let journal = Journal(thread)
        if flash_load_acquire(&journal.base.pointee.phase) == UInt32(FLASH_PHASE_EXCHANGING.rawValue) {
            repeatExchange(journal)
            journal.beginCommit()
        }
        if flash_load_acquire(&journal.base.pointee.phase) == UInt32(FLASH_PHASE_COMMITTING.rawValue) {
            repeatMoves(journal)
            repeatInput(journal)
            journal.endCommit()
        }
        flash_store_release(&thread.pointee.sleeping, UInt32(FLASH_AWAKE.rawValue))
        let owner = arena.index(of: thread) &+ 1
        for index in 0..<UInt32(FLASH_PORTS) where flash_load_relaxed(&arena.port(index).pointee.send_lock) == owner {
            flash_store_release(&arena.port(index).pointee.send_lock, 0)
        }
    }

    private func packetCount(_ journal: Journal) -> Int { min(Int(journal.base.pointee.count), PacketBatch.limit) }

    private func moveIndex(of packet: Int, in journal: Journal) -> Int? {
        if journal.base.pointee.uniform != 0 { return 0 }
        let move = journal.move[packet]
        return move == Journal.noMove || Int(move) >= moveCount(journal) ? nil : Int(move)
    }

    private func moveCount(_ journal: Journal) -> Int { min(Int(journal.base.pointee.move_count), PacketBatch.limit) }

    private func repeatMoves(_ journal: Journal) {
        for move in 0..<moveCount(journal) {
            let entry = journal.moves[move]
            guard let target = OutputWords(entry, arena: arena, size: size, queue: queue),
                flash_load_acquire(target.producer) == entry.before
            else { continue }
            for packet in 0..<packetCount(journal) where moveIndex(of: packet, in: journal) == move {
                let slot =
                    journal.base.pointee.uniform != 0 ? entry.before &+ UInt32(packet) : journal.slot[packet]
                target.descriptors[Int(slot & target.mask)] = journal.packets[packet]
                setPort(target.tag, ofFrameAt: journal.packets[packet].address)
            }
            flash_store_release(target.producer, entry.before &+ entry.count)
        }
    }

    /// Of a uniform batch: nothing of it is published yet.
    private func repeatExchange(_ journal: Journal) {
        let base = journal.base.pointee
        guard let (free, outputCapacity) = arena.checkedSlots(of: arena.ring(journal.moves[0].index), size: size),
            let (slots, capacity) = arena.checkedSlots(of: arena.ring(base.input_index), size: size)
        else { return }
        for packet in 0..<packetCount(journal) {
            let source = (journal.moves[0].before &+ UInt32(packet)) & (outputCapacity &- 1)
            let target = (base.input_before &+ UInt32(packet)) & (capacity &- 1)
            slots[Int(target)].address = free[Int(source)].address
        }
    }

    private func repeatInput(_ journal: Journal) {
        let base = journal.base.pointee
        func frame(_ packet: Int) -> UInt64 {
            moveIndex(of: packet, in: journal) == nil ? journal.packets[packet].address : journal.taken[packet]
        }
        if base.input_kind == UInt32(FLASH_KIND_PORT.rawValue) {
            guard let queue = queue(base.input_index) else { return }
            if flash_load_acquire(queue.fill.producer) == base.fill_before {
                for packet in 0..<packetCount(journal) {
                    let slot = base.fill_before &+ UInt32(packet)
                    queue.fill.addresses[Int(slot & queue.fill.mask)] = frame(packet) & ~(arena.frameSize &- 1)
                    setPort(arena.tag(ofPort: base.input_index), ofFrameAt: frame(packet))
                }
                flash_store_release(queue.fill.producer, base.fill_before &+ base.count)
            }
            if flash_load_acquire(queue.receive.consumer) == base.input_before {
                flash_store_release(queue.receive.consumer, base.input_before &+ base.count)
            }
            return
        }
        let ring = arena.ring(base.input_index)
        guard let (slots, capacity) = arena.checkedSlots(of: ring, size: size),
            flash_load_acquire(&ring.pointee.consumer) == base.input_before
        else { return }
        for packet in 0..<packetCount(journal) where base.uniform == 0 {
            slots[Int((base.input_before &+ UInt32(packet)) & (capacity &- 1))].address = frame(packet)
        }
        flash_store_release(&ring.pointee.consumer, base.input_before &+ base.count)
    }

    private func setPort(_ tag: UInt16, ofFrameAt address: UInt64) {
        guard arena.frame(of: address) < arena.frameCount else { return }
        arena.setPort(tag, ofFrameAt: address)
    }
}

/// Where the descriptors of a move go.
private struct OutputWords {
    let descriptors: UnsafeMutablePointer<Packet>
    let producer: UnsafeMutablePointer<UInt32>
    let mask: UInt32
    let tag: UInt16

    init?(_ move: flash_move, arena: Arena, size: Int, queue: (UInt32) -> QueueMapping?) {
        if move.kind == UInt32(FLASH_KIND_PORT.rawValue) {
            guard let queue = queue(move.index) else { return nil }
            descriptors = queue.transmit.descriptors
            producer = queue.transmit.producer
            mask = queue.transmit.mask
            tag = arena.tag(ofPort: move.index)
        } else {
            let ring = arena.ring(move.index)
            guard let (slots, capacity) = arena.checkedSlots(of: ring, size: size) else { return nil }
            descriptors = slots
            producer = flash_ring_producer(ring)
            mask = capacity &- 1
            tag = 0
        }
    }
}
