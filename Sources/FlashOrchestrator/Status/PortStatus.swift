// SPDX-License-Identifier: Apache-2.0

/// Where a path meets a thread, on the `flash` datapath: an AF_XDP socket.
package struct PortStatus: Codable, Hashable, Sendable {
    package var nf: String
    package var thread: Int
    /// The path's head, for example `lan:0`.
    package var path: String
    /// The how manieth visit of the path to the NF, from 1.
    package var visit: Int
    /// By this number the kernel knows the socket.
    package var flashID: Int
    /// What it is bound to.
    package var device: String
    package var queue: Int
    /// The sockets to which it sends, by index, as read from the kernel.
    package var next: [Int]
    /// Packets in the RX ring, and how many there could be.
    package var used: Int
    package var capacity: Int
    /// What the kernel counted since the socket was opened (Documentation/networking/af_xdp_flash.rst): `received`,
    /// `redirected`, `copied`, `blocked`, `refused_...`.
    package var statistics: [String: UInt64]

    private enum CodingKeys: String, CodingKey {
        case nf, thread, path, visit, device, queue, next, used, capacity, statistics
        case flashID = "flash_id"
    }

    package init(
        nf: String, thread: Int, path: String, visit: Int = 1, flashID: Int, device: String, queue: Int,
        next: [Int] = [], used: Int = 0, capacity: Int = 0, statistics: [String: UInt64] = [:]
    ) {
        self.nf = nf
        self.thread = thread
        self.path = path
        self.visit = visit
        self.flashID = flashID
        self.device = device
        self.queue = queue
        self.next = next
        self.used = used
        self.capacity = capacity
        self.statistics = statistics
    }

    /// Packets that the kernel did not hand on, by reason; only reasons that occurred.
    package var refused: [String: UInt64] {
        let prefix = "refused_"
        let counts = statistics.filter { $0.key.hasPrefix(prefix) && $0.value > 0 }
        return Dictionary(uniqueKeysWithValues: counts.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
}
