// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

extension ThreadLoop {
    /// Carries one batch from `input` to its outputs, or says why there is none.
    @inline(__always) mutating func serve(_ input: UnsafeMutablePointer<Input>) -> Outcome {
        let available = input.pointee.available()
        if available == 0 { return .idle }
        if Driver.isSource && driver.nextDue() > Clock.now() { return .idle }
        // A batch lies in one piece in its ring.
        let wanted = min(available, UInt32(PacketBatch.limit), input.pointee.toEnd)
        var room = wanted
        for position in 0..<input.pointee.reachCount {
            let output = table.outputs + Int(input.pointee.reach[position])
            if output.pointee.isPort && !output.pointee.lock(owner: index &+ 1, arena: arena) {
                unlock(input, first: position)
                return .contended
            }
            room = min(room, output.pointee.refreshedRoom(wanted: wanted))
        }
        let outcome = room == 0 ? .blocked : carry(room, from: input)
        unlock(input, first: input.pointee.reachCount)
        return outcome
    }

    /// Releases the ports among the first outputs that `input` reaches.
    @inline(__always) private func unlock(_ input: UnsafeMutablePointer<Input>, first count: Int) {
        for position in 0..<count {
            let output = table.outputs + Int(input.pointee.reach[position])
            if output.pointee.isPort { output.pointee.unlock() }
        }
    }

    /// - Precondition: `input` has `limit` packets, and each output that it reaches has room for them.
    @inline(__always)
    private mutating func carry(_ limit: UInt32, from input: UnsafeMutablePointer<Input>) -> Outcome {
        let packets = journal.packets
        let count = take(limit, from: input)
        if count == 0 {
            passMarker(input)
            return .worked
        }
        for packet in 0..<count { journal.verdicts[packet] = .output(0) }
        let batch = PacketBatch(
            memory: arena.memory, frameSize: Int(arena.frameSize), packets: packets, verdicts: journal.verdicts,
            count: count)
        let carried = driver.run(batch, counters: programCounters)
        if carried == 0 { return .idle }

        counters[Int(FLASH_COUNTER_BATCHES.rawValue)] &+= 1
        let base = journal.base
        base.pointee.input_kind = input.pointee.kind.rawValue
        base.pointee.input_index = input.pointee.index
        base.pointee.input_before = input.pointee.consumer
        base.pointee.count = UInt32(carried)
        if let fill = input.pointee.fill { base.pointee.fill_before = flash_load_relaxed(fill.producer) }
        if !commitAlike(carried, from: input) { commitEach(carried, from: input) }
        return .worked
    }

    /// Copies descriptors into the journal up to `limit`, or up to one that carries no packet, and counts them as received.
    @inline(__always)
    private mutating func take(_ limit: UInt32, from input: UnsafeMutablePointer<Input>) -> Int {
        let packets = journal.packets
        let first = input.pointee.consumer
        if input.pointee.kind == .frames {
            let frameMask = ~(arena.frameSize &- 1)
            for packet in 0..<Int(limit) {
                let slot = Int((first &+ UInt32(packet)) & input.pointee.mask)
                let frame = input.pointee.descriptors[slot].address & frameMask
                packets[packet] = Packet(address: frame &+ UInt64(Packet.headroom), length: 0)
            }
            return Int(limit)
        }
        let descriptors = input.pointee.descriptors + Int(first & input.pointee.mask)
        var count = Int(limit)
        var bytes: UInt64 = 0
        var markers: UInt32 = 0
        for packet in 0..<count {
            packets[packet] = descriptors[packet]
            bytes &+= UInt64(descriptors[packet].length)
            markers |= descriptors[packet].length == 0 ? 1 : 0
        }
        if markers != 0 {
            count = (0..<count).first { packets[$0].length == 0 } ?? count
            bytes = (0..<count).reduce(0) { $0 &+ UInt64(packets[$1].length) }
        }
        counters[Int(FLASH_COUNTER_RX_PACKETS.rawValue)] &+= UInt64(count)
        counters[Int(FLASH_COUNTER_RX_BYTES.rawValue)] &+= bytes
        return count
    }

    /// A descriptor without a packet is a probe: it shows the daemon that the link carries.
    private mutating func passMarker(_ input: UnsafeMutablePointer<Input>) {
        guard let ring = input.pointee.ring else { return }
        input.pointee.consumer &+= 1
        flash_store_release(&ring.pointee.probed, 1)
        flash_store_release(input.pointee.consumerWord, input.pointee.consumer)
        resources.acknowledge()
    }

    /// The common cases: all packets of the batch go from one exchange ring to one other, or nowhere. Returns false where
    /// they do not.
    @inline(__always)
    private mutating func commitAlike(_ count: Int, from input: UnsafeMutablePointer<Input>) -> Bool {
        let verdict = journal.verdicts[0].rawValue
        var difference: UInt16 = 0
        for packet in 0..<count { difference |= journal.verdicts[packet].rawValue ^ verdict }
        guard difference == 0 else { return false }
        if verdict & 0x8000 != 0 && input.pointee.kind != .port {
            counters[Int(FLASH_COUNTER_DROPS.rawValue) &+ Int(verdict & 0xf)] &+= UInt64(count)
            release(count, of: input)
            return true
        }
        guard UInt32(verdict) < table.outputCount else { return false }
        let route = input.pointee.routes[Int(verdict)]
        guard route.count == 1 else { return false }
        let target = table.targets[Int(route.first)]
        guard target >= 0, input.pointee.kind != .port, !table.outputs[Int(target)].isPort else { return false }
        let output = table.outputs + Int(target)

        let before = output.pointee.producer
        journal.moves[0] = flash_move(
            kind: UInt32(FLASH_KIND_RING.rawValue), index: output.pointee.index, before: before, count: UInt32(count))
        let base = journal.base
        base.pointee.move_count = 1
        base.pointee.uniform = 1
        let packets = journal.packets
        let source = input.pointee.descriptors + Int(input.pointee.consumer & input.pointee.mask)
        let slots = output.pointee.descriptors + Int(before & output.pointee.mask)
        journal.beginExchange()
        for packet in 0..<count { source[packet].address = slots[packet].address }
        journal.beginCommit()
        var bytes: UInt64 = 0
        for packet in 0..<count {
            slots[packet] = packets[packet]
            bytes &+= UInt64(packets[packet].length)
        }
        output.pointee.producer = before &+ UInt32(count)
        flash_store_release(output.pointee.producerWord, output.pointee.producer)
        output.pointee.count(bytes: bytes)
        output.pointee.unannounced &+= UInt32(count)
        release(count, of: input)
        journal.endCommit()
        // The next slots are in the neighbours' caches.
        if count == PacketBatch.limit {
            fetchSlots(input.pointee.descriptors, at: input.pointee.consumer & input.pointee.mask)
            fetchSlots(output.pointee.descriptors, at: output.pointee.producer & output.pointee.mask)
        }

        counters[Int(FLASH_COUNTER_TX_PACKETS.rawValue)] &+= UInt64(count)
        counters[Int(FLASH_COUNTER_TX_BYTES.rawValue)] &+= bytes
        announceEarly(output)
        return true
    }

    /// Has the slots of the next batch come into the cache, for writing. Past the array's end is no fault.
    @inline(__always) private func fetchSlots(_ slots: UnsafeMutablePointer<Packet>, at index: UInt32) {
        for slot in stride(from: 0, to: PacketBatch.limit, by: 64 / MemoryLayout<Packet>.stride) {
            flash_prefetch_for_write(slots + (Int(index) &+ slot))
        }
    }

    /// Each packet to an output of its own, or dropped.
    private mutating func commitEach(_ count: Int, from input: UnsafeMutablePointer<Input>) {
        let base = journal.base
        var moveCount = 0
        for packet in 0..<count {
            guard let output = chooseOutput(packet, from: input) else {
                journal.move[packet] = Journal.noMove
                continue
            }
            if output.pointee.pending == 0 {
                output.pointee.move = UInt8(moveCount)
                journal.moves[moveCount] = flash_move(
                    kind: UInt32(output.pointee.isPort ? FLASH_KIND_PORT.rawValue : FLASH_KIND_RING.rawValue),
                    index: output.pointee.index, before: output.pointee.producer, count: 0)
                table.moved[moveCount] = output
                moveCount += 1
            }
            let slot = output.pointee.producer &+ output.pointee.pending
            output.pointee.pending &+= 1
            journal.slot[packet] = slot
            journal.move[packet] = output.pointee.move
            journal.taken[packet] = output.pointee.freeFrame(at: slot)
        }
        for move in 0..<moveCount { journal.moves[move].count = table.moved[move].pointee.pending }
        base.pointee.move_count = UInt32(moveCount)
        base.pointee.uniform = 0
        journal.beginCommit()

        var bytes: UInt64 = 0
        var sent: UInt64 = 0
        for packet in 0..<count where journal.move[packet] != Journal.noMove {
            let output = table.moved[Int(journal.move[packet])]
            let descriptor = journal.packets[packet]
            output.pointee.descriptors[Int(journal.slot[packet] & output.pointee.mask)] = descriptor
            if output.pointee.tag != 0 || input.pointee.tag != 0 {
                arena.setPort(output.pointee.tag, ofFrameAt: descriptor.address)
            }
            output.pointee.pendingBytes &+= UInt64(descriptor.length)
            sent &+= 1
        }
        for move in 0..<moveCount {
            let output = table.moved[move]
            output.pointee.producer &+= output.pointee.pending
            flash_store_release(output.pointee.producerWord, output.pointee.producer)
            output.pointee.count(bytes: output.pointee.pendingBytes)
            bytes &+= output.pointee.pendingBytes
            output.pointee.unannounced &+= output.pointee.pending
            output.pointee.pending = 0
            output.pointee.pendingBytes = 0
        }
        giveBack(count, to: input)
        journal.endCommit()

        counters[Int(FLASH_COUNTER_TX_PACKETS.rawValue)] &+= sent
        counters[Int(FLASH_COUNTER_TX_BYTES.rawValue)] &+= bytes
        for move in 0..<moveCount {
            let output = table.moved[move]
            if output.pointee.isPort {
                if output.pointee.unannounced >= output.pointee.kickThreshold { kick(output) }
            } else {
                announceEarly(output)
            }
        }
    }

    /// The output for a packet's verdict; nil (and counted) where it is to be dropped.
    @inline(__always)
    private mutating func chooseOutput(
        _ packet: Int, from input: UnsafeMutablePointer<Input>
    ) -> UnsafeMutablePointer<Output>? {
        let verdict = journal.verdicts[packet].rawValue
        guard UInt32(verdict) < table.outputCount else {
            let isDrop = verdict & 0x8000 != 0
            countDrop(isDrop ? UInt8(truncatingIfNeeded: verdict) : DropReason.noLink.rawValue)
            return nil
        }
        let route = input.pointee.routes[Int(verdict)]
        var target = route.first
        if route.count != 1 {
            guard route.count > 1 else {
                countDrop(DropReason.noLink.rawValue)
                return nil
            }
            let descriptor = journal.packets[packet]
            let hash = FlowHash.hash(
                arena.memory + Int(truncatingIfNeeded: descriptor.address), length: Int(descriptor.length))
            target &+= UInt32(truncatingIfNeeded: (UInt64(hash) &* UInt64(route.count)) >> 32)
        }
        let output = table.targets[Int(target)]
        guard output >= 0 else {
            countDrop(DropReason.noLink.rawValue)
            return nil
        }
        let mark = table.marks[Int(target)]
        journal.packets[packet].options = mark.options
        if let counter = mark.counter {
            flash_store_relaxed(flash_ring_producer(counter), counter.pointee.producer &+ 1)
            let bytes = flash_ring_bytes(counter)
            flash_store_relaxed64(bytes, flash_load_relaxed64(bytes) &+ UInt64(journal.packets[packet].length))
        }
        return table.outputs + Int(output)
    }

    @inline(__always) private func countDrop(_ reason: UInt8) {
        counters[Int(FLASH_COUNTER_DROPS.rawValue) &+ Int(reason & 0xf)] &+= 1
    }

    /// Leaves the frames taken in exchange where the packets were, and releases the slots.
    private mutating func giveBack(_ count: Int, to input: UnsafeMutablePointer<Input>) {
        let first = input.pointee.consumer
        let mask = input.pointee.mask
        if let fill = input.pointee.fill {
            let start = journal.base.pointee.fill_before
            for packet in 0..<count {
                let isDropped = journal.move[packet] == Journal.noMove
                let frame = isDropped ? journal.packets[packet].address : journal.taken[packet]
                fill.addresses[Int((start &+ UInt32(packet)) & fill.mask)] = frame & ~(arena.frameSize &- 1)
                arena.setPort(input.pointee.tag, ofFrameAt: frame)
            }
            flash_store_release(fill.producer, start &+ UInt32(count))
        } else {
            for packet in 0..<count {
                let isDropped = journal.move[packet] == Journal.noMove
                let frame = isDropped ? journal.packets[packet].address : journal.taken[packet]
                input.pointee.descriptors[Int((first &+ UInt32(packet)) & mask)].address = frame
            }
        }
        release(count, of: input)
    }

    @inline(__always)
    private mutating func release(_ count: Int, of input: UnsafeMutablePointer<Input>) {
        input.pointee.consumer &+= UInt32(count)
        flash_store_release(input.pointee.consumerWord, input.pointee.consumer)
        input.pointee.released &+= UInt32(count)
        relieveEarly(input)
    }
}

extension Input.Kind {
    /// As in `enum flash_kind`.
    var rawValue: UInt32 {
        switch self {
        case .ring: FLASH_KIND_RING.rawValue
        case .port: FLASH_KIND_PORT.rawValue
        case .frames: FLASH_KIND_GENERATE.rawValue
        }
    }
}
