// SPDX-License-Identifier: Apache-2.0

/// A thread's slot in the arena.
package struct ThreadID: Hashable, Codable, Sendable {
    package var rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }
}

/// An exchange ring's slot in the arena.
package struct RingID: Hashable, Codable, Sendable {
    package var rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }
}

/// The slot in the arena of a NIC queue, or of a port of the flash datapath.
package struct PortID: Hashable, Codable, Sendable {
    package var rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }
}
