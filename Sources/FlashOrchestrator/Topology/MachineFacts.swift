// SPDX-License-Identifier: Apache-2.0

/// What the decoder needs to know of the machine. What is nil is not known, and not checked.
package struct MachineFacts: Codable, Hashable, Sendable {
    package struct Device: Codable, Hashable, Sendable {
        package var receiveQueues: Int

        package init(receiveQueues: Int) {
            self.receiveQueues = receiveQueues
        }
    }

    /// A device in the hands of a running topology.
    package struct Hold: Codable, Hashable, Sendable {
        package var topology: String
        package var device: String

        package init(topology: String, device: String) {
            self.topology = topology
            self.device = device
        }
    }

    /// Numbers of the CPUs that are online, ascending.
    package var cpus: [Int]?
    /// Network devices by name.
    package var devices: [String: Device]?
    package var holds: [Hold]
    /// Whether `/sys/kernel/flash` exists.
    package var hasFlashKernel: Bool?

    package init(
        cpus: [Int]? = nil, devices: [String: Device]? = nil, holds: [Hold] = [], hasFlashKernel: Bool? = nil
    ) {
        self.cpus = cpus
        self.devices = devices
        self.holds = holds
        self.hasFlashKernel = hasFlashKernel
    }

    /// Nothing is known: no check against the machine is made.
    package static let unknown = MachineFacts()
}
