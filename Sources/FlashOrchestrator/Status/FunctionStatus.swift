// SPDX-License-Identifier: Apache-2.0

package enum FunctionState: String, Codable, Hashable, Sendable {
    case running
    /// Its worker died; the next one starts after a delay.
    case waiting
    /// Its worker died too often, or once where `restart` is `never`.
    case failed
}

package struct FunctionStatus: Codable, Hashable, Sendable {
    package var name: String
    package var program: String
    package var state: FunctionState
    /// nil where no worker runs.
    package var pid: Int?
    package var threads: Int
    /// Percent of one CPU; above 100 where several threads are busy.
    package var cpu: Double
    /// Resident memory in bytes, without the UMEM and the arena.
    package var resident: UInt64
    /// Unplanned ones since the apply.
    package var restarts: Int
    /// When this worker became ready.
    package var since: String?
    package var received: Traffic
    package var sent: Traffic
    /// Packets by reason; only reasons that occurred.
    package var drops: [String: UInt64]
    /// The program's own counters by name.
    package var counters: [String: UInt64]
    package var batches: UInt64
    package var wakeups: UInt64
    /// Milliseconds in which an output had no room.
    package var blocked: Double
    /// The last lines of the worker's log, where the state is `failed`.
    package var log: [String]

    package init(
        name: String, program: String, state: FunctionState, pid: Int? = nil, threads: Int, cpu: Double = 0,
        resident: UInt64 = 0, restarts: Int = 0, since: String? = nil, received: Traffic = Traffic(),
        sent: Traffic = Traffic(), drops: [String: UInt64] = [:], counters: [String: UInt64] = [:],
        batches: UInt64 = 0, wakeups: UInt64 = 0, blocked: Double = 0, log: [String] = []
    ) {
        self.name = name
        self.program = program
        self.state = state
        self.pid = pid
        self.threads = threads
        self.cpu = cpu
        self.resident = resident
        self.restarts = restarts
        self.since = since
        self.received = received
        self.sent = sent
        self.drops = drops
        self.counters = counters
        self.batches = batches
        self.wakeups = wakeups
        self.blocked = blocked
        self.log = log
    }
}

/// Totals and rates of one direction.
package struct Traffic: Codable, Hashable, Sendable {
    package var packets: UInt64
    package var bytes: UInt64
    package var packetsPerSecond: Double
    package var bitsPerSecond: Double

    private enum CodingKeys: String, CodingKey {
        case packets, bytes
        case packetsPerSecond = "packets_per_second"
        case bitsPerSecond = "bits_per_second"
    }

    package init(
        packets: UInt64 = 0, bytes: UInt64 = 0, packetsPerSecond: Double = 0, bitsPerSecond: Double = 0
    ) {
        self.packets = packets
        self.bytes = bytes
        self.packetsPerSecond = packetsPerSecond
        self.bitsPerSecond = bitsPerSecond
    }
}
