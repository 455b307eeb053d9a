// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// Where a thread takes packets from, with its own copies of both indices.
struct Input {
    enum Kind {
        case ring
        /// The RX ring of a NIC queue; free frames go to its fill ring.
        case port
        /// A ring of free frames of the thread's own, which a source fills.
        case frames
    }

    let kind: Kind
    let index: UInt32
    let descriptors: UnsafeMutablePointer<Packet>
    let mask: UInt32
    let producerWord: UnsafeMutablePointer<UInt32>
    let consumerWord: UnsafeMutablePointer<UInt32>
    let ring: UnsafeMutablePointer<flash_ring>?
    let fill: KernelRing?
    let socket: Int32
    /// The mark that frames get which come in exchange.
    let tag: UInt16
    /// Other sockets send here, and are to be told of room.
    let isRedirected: Bool
    /// Who fills this input, and the descriptor that wakes it.
    let writer: UnsafeMutablePointer<flash_thread>?
    let writerEvent: Int32
    /// First of the input's routes, one for each output of the NF.
    let routes: UnsafePointer<flash_route>
    /// The outputs that its packets can reach, as indices in the thread's outputs.
    let reach: UnsafePointer<Int32>
    let reachCount: Int

    var producer: UInt32
    var consumer: UInt32
    /// Slots given back since the writer was last looked after.
    var released: UInt32 = 0
    /// The last look before sleep found no packet: sleep ends when one comes. One look decides, lest a packet that comes
    /// between two of them is neither work nor waited for.
    var isAwaited = false

    /// Slots from the consumer index to the end of the array.
    @inline(__always) var toEnd: UInt32 { mask &+ 1 &- (consumer & mask) }

    /// Packets that wait; looks at the other side's index only where its own copy shows none.
    @inline(__always) mutating func available() -> UInt32 {
        if kind == .frames { return mask &+ 1 }
        if producer == consumer { producer = flash_load_acquire(producerWord) }
        return producer &- consumer
    }
}

extension Input {
    /// nil where a table names something that the worker was not given.
    init?(
        _ raw: flash_input, arena: Arena, resources: WorkerResources, routes: UnsafePointer<flash_route>,
        reach: UnsafePointer<Int32>, reachCount: Int
    ) {
        index = raw.index
        self.routes = routes
        self.reach = reach
        self.reachCount = reachCount
        if raw.kind == UInt32(FLASH_KIND_PORT.rawValue) {
            guard let queue = resources.queue(of: raw.index) else { return nil }
            kind = .port
            descriptors = queue.receive.descriptors
            mask = queue.receive.mask
            producerWord = queue.receive.producer
            consumerWord = queue.receive.consumer
            ring = nil
            fill = queue.fill
            socket = queue.socket
            tag = arena.tag(ofPort: raw.index)
            isRedirected = arena.port(raw.index).pointee.redirects != 0
            writer = nil
            writerEvent = -1
        } else {
            let ring = arena.ring(raw.index)
            kind = raw.kind == UInt32(FLASH_KIND_RING.rawValue) ? .ring : .frames
            descriptors = arena.slots(of: ring)
            mask = ring.pointee.capacity &- 1
            producerWord = flash_ring_producer(ring)
            consumerWord = flash_ring_consumer(ring)
            self.ring = ring
            fill = nil
            socket = -1
            tag = 0
            isRedirected = false
            writer = kind == .ring ? arena.thread(ring.pointee.writer) : nil
            writerEvent = resources.event(of: ring.pointee.writer)
        }
        producer = flash_load_acquire(producerWord)
        consumer = flash_load_acquire(consumerWord)
    }
}
