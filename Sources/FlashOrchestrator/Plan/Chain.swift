// SPDX-License-Identifier: Apache-2.0

/// A running chain as the things it is made of: what stands on the machine, or what shall stand there. The planner
/// compares two of them; a step changes one thing of it.
package struct Chain: Codable, Hashable, Sendable {
    package var memory: MemoryPlan?
    package var hosts: [String: HostPlan]
    package var interfaces: [String: InterfacePlan]
    package var queues: Set<QueueID>
    /// On the `flash` datapath; else there are none.
    package var ports: Set<PortKey>
    package var functions: [FunctionID: FunctionPlan]
    package var links: [LinkSource: WiredLink]

    package init(
        memory: MemoryPlan? = nil, hosts: [String: HostPlan] = [:], interfaces: [String: InterfacePlan] = [:],
        queues: Set<QueueID> = [], ports: Set<PortKey> = [], functions: [FunctionID: FunctionPlan] = [:],
        links: [LinkSource: WiredLink] = [:]
    ) {
        self.memory = memory
        self.hosts = hosts
        self.interfaces = interfaces
        self.queues = queues
        self.ports = ports
        self.functions = functions
        self.links = links
    }

    package var isEmpty: Bool { self == Chain() }
}

/// The UMEM of a topology and how its frames are dealt out.
package struct MemoryPlan: Codable, Hashable, Sendable {
    package var datapath: DatapathKind
    package var frames: Int
    /// In bytes.
    package var frameSize: Int
    /// Slots of an exchange ring, or of each ring of a port; one made later may have fewer.
    package var ringCapacity: Int

    package init(datapath: DatapathKind = .shared, frames: Int, frameSize: Int, ringCapacity: Int) {
        self.datapath = datapath
        self.frames = frames
        self.frameSize = frameSize
        self.ringCapacity = ringCapacity
    }
}

/// What carries packets from one NF to the next.
package enum DatapathKind: String, Codable, Hashable, Sendable {
    /// Exchange rings in shared memory.
    case shared
    /// AF_XDP sockets that the FLASH kernel redirects.
    case flash
}

/// A lab host: a namespace and a veth pair from it to an interface's device.
package struct HostPlan: Codable, Hashable, Sendable {
    package var namespace: String
    package var interface: String
    /// The end of the veth pair outside of the namespace.
    package var device: String
    package var address: String
    /// Queues of each end of the pair.
    package var queues: Int

    package init(namespace: String, interface: String, device: String, address: String, queues: Int) {
        self.namespace = namespace
        self.interface = interface
        self.device = device
        self.address = address
        self.queues = queues
    }
}

/// An interface: the XDP program on a device.
package struct InterfacePlan: Codable, Hashable, Sendable {
    package var device: String
    package var mode: Interface.Mode
    package var zeroCopy: Interface.ZeroCopy

    package init(device: String, mode: Interface.Mode, zeroCopy: Interface.ZeroCopy) {
        self.device = device
        self.mode = mode
        self.zeroCopy = zeroCopy
    }
}

/// One life of an NF. Another number of threads or another program is another instance, which stands beside
/// the old one until that has nothing left to do; a restart is not.
package struct FunctionID: Codable, Hashable, Sendable, Comparable, CustomStringConvertible {
    package var name: String
    /// From 1.
    package var instance: Int

    package init(name: String, instance: Int = 1) {
        self.name = name
        self.instance = instance
    }

    package var description: String { name }

    package static func < (left: FunctionID, right: FunctionID) -> Bool {
        (left.name, left.instance) < (right.name, right.instance)
    }
}

package struct FunctionPlan: Codable, Hashable, Sendable {
    package var function: Function
    /// As the program declares them for this configuration, by index.
    package var outputs: [String]
    /// True for a program that makes packets.
    package var isSource: Bool

    package init(function: Function, outputs: [String], isSource: Bool) {
        self.function = function
        self.outputs = outputs
        self.isSource = isSource
    }
}
