// SPDX-License-Identifier: Apache-2.0

package import FlashRuntime

/// What stands on the machine of one topology, as read back.
package struct Observed: Codable, Hashable, Sendable {
    package var chain: Chain
    /// Frames of the UMEM that no ring and no queue has.
    package var freeFrames: Int
    package var faults: [Fault]

    package init(chain: Chain = Chain(), freeFrames: Int = 0, faults: [Fault] = []) {
        self.chain = chain
        self.freeFrames = freeFrames
        self.faults = faults
    }
}

/// Something that was made and is not as it was made.
package struct Fault: Codable, Hashable, Sendable {
    package enum Subject: Codable, Hashable, Sendable {
        case function(FunctionID)
        case interface(String)
        case host(String)
        /// The rule of a port.
        case port(PortKey)
        /// The device of the ports.
        case ports
    }

    package var subject: Subject
    /// As a clause, for example `its worker is not running`.
    package var reason: String

    package init(_ subject: Subject, reason: String) {
        self.subject = subject
        self.reason = reason
    }
}

/// What the planner has to know of the world around a topology.
package struct Surroundings: Sendable {
    /// Devices of the machine with their number of RX queues.
    package var devices: [String: Int]
    package var namespaces: Set<String>
    /// Devices that other running topologies hold, and which.
    package var held: [String: String]
    package var flashKernel: FlashKernel.Support
    package var declaration: @Sendable (_ program: String) -> ProgramDeclaration?

    package init(
        devices: [String: Int] = [:], namespaces: Set<String> = [], held: [String: String] = [:],
        flashKernel: FlashKernel.Support = .absent, declaration: @escaping @Sendable (String) -> ProgramDeclaration?
    ) {
        self.devices = devices
        self.namespaces = namespaces
        self.held = held
        self.flashKernel = flashKernel
        self.declaration = declaration
    }
}
