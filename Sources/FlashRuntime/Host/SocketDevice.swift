// SPDX-License-Identifier: Apache-2.0

/// A device that carries nothing: its queues are where sockets are bound to that exchange packets with each other.
package enum SocketDevice {
    /// Queues of it, each for one socket.
    package static let queueCount = SharedDatapath.portLimit

    /// Of the same topology of a runtime folder always the same, so that one which was left is found: `flash-` and 8 digits.
    package static func name(for topology: String, in folder: String) -> String {
        // FNV-1a
        let hash = "\(topology) \(folder)".utf8.reduce(UInt32(0x811c_9dc5)) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        return "flash-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Makes it, in the place of one that an earlier daemon has left.
    package static func create(for topology: String, in folder: String) throws(LabError) {
        try remove(of: topology, in: folder)
        let name = name(for: topology, in: folder)
        let queues = ["numtxqueues", "\(queueCount)", "numrxqueues", "\(queueCount)"]
        try Lab.ip(["link", "add", name] + queues + ["type", "dummy"])
        do throws(LabError) {
            try Lab.ip(["link", "set", name, "up", "alias", mark(of: topology, in: folder)])
        } catch {
            _ = try? Lab.ip(["link", "delete", name])
            throw error
        }
    }

    /// One that is not this topology's is an error.
    package static func remove(of topology: String, in folder: String) throws(LabError) {
        let name = name(for: topology, in: folder)
        guard let mark = try Lab.mark(of: name, in: nil) else { return }
        // A daemon may have died before it set the mark.
        let isUnfinished = mark.isEmpty && (try? Device.find(name))?.driver == "dummy"
        guard mark == self.mark(of: topology, in: folder) || isUnfinished else { throw .foreign("device \(name)") }
        try Lab.ip(["link", "delete", name])
    }

    private static func mark(of topology: String, in folder: String) -> String {
        "flash-orch ports \(topology) \(folder)"
    }
}
