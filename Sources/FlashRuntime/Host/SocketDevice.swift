// SPDX-License-Identifier: Apache-2.0

/// A device that carries nothing: its queues are where sockets are bound to that exchange packets with each other.
package enum SocketDevice {
    /// Queues of it, each for one socket.
    package static let queueCount = SharedDatapath.portLimit

    /// Of the same topology always the same, so that one which was left is found: `flash-` and 8 digits.
    package static func name(for topology: String) -> String {
        // FNV-1a
        let hash = topology.utf8.reduce(UInt32(0x811c_9dc5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return "flash-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Makes it, in the place of one that an earlier daemon has left.
    package static func create(_ name: String) throws(CommandError) {
        try remove(name)
        try Command([
            "ip", "link", "add", name, "numtxqueues", "\(queueCount)", "numrxqueues", "\(queueCount)", "type", "dummy",
        ]).run()
        do throws(CommandError) {
            try Command(["ip", "link", "set", name, "up"]).run()
        } catch {
            try? remove(name)
            throw error
        }
    }

    package static func remove(_ name: String) throws(CommandError) {
        if Device.exists(name) { try Command(["ip", "link", "delete", name]).run() }
    }
}
