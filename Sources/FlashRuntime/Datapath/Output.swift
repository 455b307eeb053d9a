// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// Where a thread sends packets to: an exchange ring, or the send side of a socket, which is one over the kernel's rings.
struct Output {
    let isPort: Bool
    /// A port that leads to other sockets: what they have no room for stays, and the kernel says when there is some.
    let redirects: Bool
    let index: UInt32
    /// The ring's slots, or the entries of the TX ring.
    let descriptors: UnsafeMutablePointer<Packet>
    /// The frames that come in exchange: in the slots themselves, or a port's pool.
    let free: UnsafeMutableRawPointer
    /// Bytes from one free frame's address to the next.
    let freeStride: Int
    let capacity: UInt32
    let producerWord: UnsafeMutablePointer<UInt32>
    let consumerWord: UnsafeMutablePointer<UInt32>
    /// Bytes sent here so far; the same threads write it that write the producer index.
    private let bytesWord: UnsafeMutablePointer<UInt64>
    let port: UnsafeMutablePointer<flash_port>?
    let transmit: KernelRing?
    let completion: KernelRing?
    let socket: Int32
    /// The mark that frames get which are sent here.
    let tag: UInt16
    /// Who empties this output, and the descriptor that wakes it.
    let reader: UnsafeMutablePointer<flash_thread>?
    let readerEvent: Int32

    var producer: UInt32
    var consumer: UInt32
    /// Packets published since the reader was last looked after.
    var unannounced: UInt32 = 0
    /// Packets of the batch at hand.
    var pending: UInt32 = 0
    var pendingBytes: UInt64 = 0
    var move: UInt8 = 0

    @inline(__always) var mask: UInt32 { capacity &- 1 }
    @inline(__always) var room: UInt32 { capacity &- (producer &- consumer) }

    /// Slots from the producer index to the end of the array.
    @inline(__always) var toEnd: UInt32 { capacity &- (producer & mask) }

    /// Packets after which the kernel is told of them although the thread is still busy. It sends 32 to a device in a call; to
    /// other sockets all at once, whose threads then run: they get a quarter of the ring at a time.
    @inline(__always) var kickThreshold: UInt32 { redirects ? capacity / 4 : 32 }

    @inline(__always) func freeFrame(at slot: UInt32) -> UInt64 {
        (free + Int(slot & mask) &* freeStride).load(as: UInt64.self)
    }

    @inline(__always) func count(bytes: UInt64) {
        flash_store_relaxed64(bytesWord, flash_load_relaxed64(bytesWord) &+ bytes)
    }

    /// Room for packets, on a ring in one piece; looks at the other side's index only where its own copy shows less than
    /// `wanted`.
    @inline(__always) mutating func refreshedRoom(wanted: UInt32) -> UInt32 {
        if room < wanted { consumer = flash_load_acquire(consumerWord) }
        return isPort ? room : min(room, toEnd)
    }
}

extension Output {
    /// Takes the send side of a port for this thread, or says that another has it.
    @inline(__always) mutating func lock(owner: UInt32, arena: Arena) -> Bool {
        guard let port, let completion else { return true }
        guard flash_compare_exchange(&port.pointee.send_lock, 0, owner) != 0 else { return false }
        producer = flash_load_relaxed(producerWord)
        consumer = flash_load_relaxed(consumerWord)
        reclaim(completion, arena: arena)
        return true
    }

    @inline(__always) func unlock() {
        guard let port else { return }
        flash_store_release(&port.pointee.send_lock, 0)
    }

    /// Takes frames that the kernel has sent back into the pool. The consumer index is published last, so that a
    /// repetition after a death does the same.
    private mutating func reclaim(_ completion: KernelRing, arena: Arena) {
        let completed = flash_load_acquire(completion.producer)
        guard completed != consumer else { return }
        let pool = free.assumingMemoryBound(to: UInt64.self)
        while consumer != completed {
            let address = completion.addresses[Int(consumer & completion.mask)]
            pool[Int(consumer & mask)] = address
            arena.setPort(0, ofFrameAt: address)
            consumer &+= 1
        }
        flash_store_release(consumerWord, consumer)
    }
}

extension Output {
    init(ring index: UInt32, arena: Arena, resources: WorkerResources) {
        let ring = arena.ring(index)
        isPort = false
        redirects = false
        self.index = index
        descriptors = arena.slots(of: ring)
        free = UnsafeMutableRawPointer(descriptors)
        freeStride = MemoryLayout<Packet>.stride
        capacity = ring.pointee.capacity
        producerWord = flash_ring_producer(ring)
        consumerWord = flash_ring_consumer(ring)
        bytesWord = flash_ring_bytes(ring)
        port = nil
        transmit = nil
        completion = nil
        socket = -1
        tag = 0
        reader = arena.thread(ring.pointee.reader)
        readerEvent = resources.event(of: ring.pointee.reader)
        producer = flash_load_acquire(producerWord)
        consumer = flash_load_acquire(consumerWord)
    }

    /// nil where the worker was not given the port's socket.
    init?(port index: UInt32, arena: Arena, resources: WorkerResources) {
        guard let queue = resources.queue(of: index) else { return nil }
        let port = arena.port(index)
        isPort = true
        redirects = port.pointee.redirects != 0
        self.index = index
        descriptors = queue.transmit.descriptors
        free = UnsafeMutableRawPointer(arena.at(port.pointee.pool, as: UInt64.self))
        freeStride = MemoryLayout<UInt64>.stride
        capacity = port.pointee.transmit.size
        producerWord = queue.transmit.producer
        consumerWord = queue.completion.consumer
        bytesWord = flash_port_bytes(port)
        self.port = port
        transmit = queue.transmit
        completion = queue.completion
        socket = queue.socket
        tag = arena.tag(ofPort: index)
        reader = nil
        readerEvent = -1
        producer = flash_load_acquire(producerWord)
        consumer = flash_load_acquire(consumerWord)
    }
}
