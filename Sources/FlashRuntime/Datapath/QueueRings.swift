// SPDX-License-Identifier: Apache-2.0

/// Where one kernel ring of an AF_XDP socket lies: what mmap() takes, and offsets in the mapping
/// (`struct xdp_mmap_offsets`). All in bytes, but for the size.
package struct KernelRingGeometry: Hashable, Codable, Sendable {
    package var pageOffset: UInt64
    package var length: UInt64
    package var producer: UInt32
    package var consumer: UInt32
    package var flags: UInt32
    package var descriptors: UInt32
    /// In descriptors, a power of two.
    package var size: UInt32

    package init(
        pageOffset: UInt64, length: UInt64, producer: UInt32, consumer: UInt32, flags: UInt32, descriptors: UInt32,
        size: UInt32
    ) {
        self.pageOffset = pageOffset
        self.length = length
        self.producer = producer
        self.consumer = consumer
        self.flags = flags
        self.descriptors = descriptors
        self.size = size
    }
}

/// The four rings of an AF_XDP socket.
package struct QueueRings: Hashable, Codable, Sendable {
    package var receive: KernelRingGeometry
    package var transmit: KernelRingGeometry
    package var fill: KernelRingGeometry
    package var completion: KernelRingGeometry

    package init(
        receive: KernelRingGeometry, transmit: KernelRingGeometry, fill: KernelRingGeometry,
        completion: KernelRingGeometry
    ) {
        self.receive = receive
        self.transmit = transmit
        self.fill = fill
        self.completion = completion
    }
}
