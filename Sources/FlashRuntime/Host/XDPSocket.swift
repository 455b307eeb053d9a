// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// An AF_XDP socket bound to one queue of a device. Whoever has a copy of its descriptor and its `rings` can use it.
package struct XDPSocket: ~Copyable, Sendable {
    /// Entries of each ring, powers of two.
    package struct Sizes: Hashable, Codable, Sendable {
        package var rx: Int
        package var tx: Int
        package var fill: Int
        package var completion: Int

        package init(rx: Int = 2048, tx: Int = 2048, fill: Int = 2048, completion: Int = 2048) {
            self.rx = rx
            self.tx = tx
            self.fill = fill
            self.completion = completion
        }
    }

    /// The memory that the socket's descriptors point into.
    package enum Memory {
        /// Registers memory for this socket, `size` bytes in frames of `frameSize` (2048 or 4096). The same memory may
        /// be registered by any number of sockets: each has a copy mode of its own and depends on no other one.
        case register(UnsafeMutableRawPointer, size: Int, frameSize: Int)
        /// Takes the registration of a bound socket, and with it its copy mode. EOPNOTSUPP where the device cannot do
        /// without copies and that socket does.
        case share(with: Int32)
    }

    package enum ZeroCopy: Hashable, Sendable {
        /// Where the driver can.
        case auto
        /// EOPNOTSUPP where the driver cannot.
        case required
        case off
    }

    package let descriptor: OwnedDescriptor
    package let rings: QueueRings

    /// Takes over a socket that is open; `rings` as its opener got them.
    package init(adopting descriptor: consuming OwnedDescriptor, rings: QueueRings) {
        self.descriptor = descriptor
        self.rings = rings
    }

    /// Opens and binds a socket on a queue of a device of the calling thread's network namespace. Waits up to half a
    /// second for a queue that is held: the kernel lets go of one some time after its last socket was closed.
    package static func open(
        device: Device, queue: Int, memory: Memory, sizes: Sizes = Sizes(), zeroCopy: ZeroCopy = .auto
    ) throws(SystemError) -> XDPSocket {
        var request = flash_xdp_request()
        request.device = device.index
        request.queue = UInt32(clamping: queue)
        request.rx = UInt32(clamping: sizes.rx)
        request.tx = UInt32(clamping: sizes.tx)
        request.fill = UInt32(clamping: sizes.fill)
        request.completion = UInt32(clamping: sizes.completion)
        switch memory {
        case .register(let address, let size, let frameSize):
            request.memory = address
            request.memory_size = UInt64(clamping: size)
            request.frame_size = UInt32(clamping: frameSize)
        case .share(let socket):
            request.shared = socket
        }
        switch zeroCopy {
        case .auto: request.zero_copy = 0
        case .required: request.zero_copy = 1
        case .off: request.zero_copy = -1
        }
        request.patience = 500
        var rings = flash_xdp_rings()
        var failedCall: UnsafePointer<CChar>?
        let descriptor = flash_xdp_socket_open(&request, &rings, &failedCall)
        let call = failedCall.map { String(cString: $0) } ?? "socket"
        try SystemError.check(
            call, descriptor,
            context: Self.context(call: call, code: 0 &- descriptor, device: device, queue: queue))
        return XDPSocket(adopting: OwnedDescriptor(taking: descriptor), rings: QueueRings(rings))
    }

    /// Has the kernel send what stands in the TX ring.
    package func kick() { _ = flash_send_kick(descriptor.rawValue) }

    /// Whether the driver reads and writes the frames itself.
    package var isZeroCopy: Bool { flash_xdp_socket_zero_copy(descriptor.rawValue) == 1 }

    /// What the kernel counted for the socket behind a descriptor.
    package static func statistics(_ descriptor: Int32) throws(SystemError) -> XDPStatistics {
        var statistics = flash_xdp_statistics()
        try SystemError.check("getsockopt", flash_xdp_socket_statistics(descriptor, &statistics))
        return XDPStatistics(
            rxDropped: statistics.rx_dropped, rxInvalid: statistics.rx_invalid, txInvalid: statistics.tx_invalid,
            rxRingFull: statistics.rx_ring_full, fillRingEmpty: statistics.fill_ring_empty,
            txRingEmpty: statistics.tx_ring_empty)
    }

    /// What is known about a failure beyond its code.
    private static func context(call: String, code: Int32, device: Device, queue: Int) -> String {
        let place = "\(device.name) queue \(queue)"
        switch (call, code) {
        case ("socket AF_XDP", EAFNOSUPPORT): return "the kernel has no AF_XDP sockets: CONFIG_XDP_SOCKETS"
        case ("bind", EBUSY): return "\(place) is held by another AF_XDP socket"
        case ("bind", EINVAL) where queue < 0 || queue >= max(device.rxQueues, device.txQueues):
            return "\(place): the device has queues 0 to \(max(device.rxQueues, device.txQueues) - 1)"
        case ("bind", EOPNOTSUPP): return "\(place): driver \(device.driver) has no zero copy"
        case ("bind", ENETDOWN): return "\(place): the device is down"
        case ("setsockopt XDP_UMEM_REG", ENOBUFS): return "\(place): the locked-memory limit is too low"
        default: return place
        }
    }
}

/// Packets that the kernel could not hand over or send, for a socket since it was opened.
package struct XDPStatistics: Hashable, Codable, Sendable {
    /// Longer than a frame, or other reasons than the next two.
    package var rxDropped: UInt64
    /// Bad addresses in the fill ring.
    package var rxInvalid: UInt64
    /// Bad descriptors in the TX ring.
    package var txInvalid: UInt64
    /// The reader was too slow.
    package var rxRingFull: UInt64
    /// Times that no free frame was there for a packet.
    package var fillRingEmpty: UInt64
    /// Times that there was nothing to send.
    package var txRingEmpty: UInt64

    package init(
        rxDropped: UInt64 = 0, rxInvalid: UInt64 = 0, txInvalid: UInt64 = 0, rxRingFull: UInt64 = 0,
        fillRingEmpty: UInt64 = 0, txRingEmpty: UInt64 = 0
    ) {
        self.rxDropped = rxDropped
        self.rxInvalid = rxInvalid
        self.txInvalid = txInvalid
        self.rxRingFull = rxRingFull
        self.fillRingEmpty = fillRingEmpty
        self.txRingEmpty = txRingEmpty
    }
}

extension QueueRings {
    fileprivate init(_ rings: flash_xdp_rings) {
        self.init(
            receive: KernelRingGeometry(rings.rx), transmit: KernelRingGeometry(rings.tx),
            fill: KernelRingGeometry(rings.fill), completion: KernelRingGeometry(rings.completion))
    }
}

extension KernelRingGeometry {
    fileprivate init(_ ring: flash_xdp_ring) {
        self.init(
            pageOffset: ring.page_offset, length: ring.length, producer: ring.producer, consumer: ring.consumer,
            flags: ring.flags, descriptors: ring.descriptors, size: ring.size)
    }
}
