// SPDX-License-Identifier: Apache-2.0

package struct LinkStatus: Codable, Hashable, Sendable {
    /// Where the link comes from, for example `lan:0`, `firewall`, `firewall[deny]`.
    package var source: String
    /// Where it leads to, for example `count`, `wan:0`.
    package var target: String
    /// The path's head, for example `lan:0`.
    package var path: String
    /// By this number the link's port is known; given out from 1.
    package var flashID: Int
    /// Exchange rings that carry the link, one for each pair of threads; 0 where a queue stands at an end.
    package var rings: Int
    /// Packets in the rings, and how many there could be.
    package var used: Int
    package var capacity: Int
    /// A link that ends at a queue has what all links to that queue send: they share its TX ring.
    package var packets: UInt64
    package var bytes: UInt64
    package var packetsPerSecond: Double
    package var bitsPerSecond: Double
    /// True once a probe has passed over every ring, or the queue's socket was read back.
    package var isProven: Bool

    private enum CodingKeys: String, CodingKey {
        case source, target, path, rings, used, capacity, packets, bytes
        case flashID = "flash_id"
        case packetsPerSecond = "packets_per_second"
        case bitsPerSecond = "bits_per_second"
        case isProven = "proven"
    }

    package init(
        source: String, target: String, path: String, flashID: Int, rings: Int = 0, used: Int = 0, capacity: Int = 0,
        packets: UInt64 = 0, bytes: UInt64 = 0, packetsPerSecond: Double = 0, bitsPerSecond: Double = 0,
        isProven: Bool = false
    ) {
        self.source = source
        self.target = target
        self.path = path
        self.flashID = flashID
        self.rings = rings
        self.used = used
        self.capacity = capacity
        self.packets = packets
        self.bytes = bytes
        self.packetsPerSecond = packetsPerSecond
        self.bitsPerSecond = bitsPerSecond
        self.isProven = isProven
    }

    mutating func add(_ traffic: Traffic) {
        packets &+= traffic.packets
        bytes &+= traffic.bytes
        packetsPerSecond += traffic.packetsPerSecond
        bitsPerSecond += traffic.bitsPerSecond
    }
}

package struct QueueStatus: Codable, Hashable, Sendable {
    package var interface: String
    package var device: String
    package var queue: Int
    /// `native` or `generic`.
    package var mode: String
    package var isZeroCopy: Bool
    /// True where the program is attached and leads to our socket, as read back from the kernel.
    package var isAttached: Bool
    package var flashID: Int
    package var received: Traffic
    package var sent: Traffic
    /// XDP verdicts on this queue.
    package var redirected: UInt64
    package var passed: UInt64
    /// Packets that the kernel dropped at the socket, by reason (`rx_dropped`, `rx_ring_full`, `fill_ring_empty`,
    /// `rx_invalid`, `tx_invalid`); only reasons that occurred.
    package var drops: [String: UInt64]

    private enum CodingKeys: String, CodingKey {
        case interface, device, queue, mode, received, sent, redirected, passed, drops
        case isZeroCopy = "zero_copy"
        case isAttached = "attached"
        case flashID = "flash_id"
    }

    package init(
        interface: String, device: String, queue: Int, mode: String, isZeroCopy: Bool = false,
        isAttached: Bool = false, flashID: Int, received: Traffic = Traffic(), sent: Traffic = Traffic(),
        redirected: UInt64 = 0, passed: UInt64 = 0, drops: [String: UInt64] = [:]
    ) {
        self.interface = interface
        self.device = device
        self.queue = queue
        self.mode = mode
        self.isZeroCopy = isZeroCopy
        self.isAttached = isAttached
        self.flashID = flashID
        self.received = received
        self.sent = sent
        self.redirected = redirected
        self.passed = passed
        self.drops = drops
    }
}
