// SPDX-License-Identifier: Apache-2.0

package import FlashRuntime

/// What a topology file asks for, checked: names resolve, numbers are in range, each output leads to one place.
/// Equal values mean equal running chains; where something stood in the file does not matter any more.
package struct Topology: Codable, Hashable, Sendable {
    package var name: String
    package var datapath: DatapathChoice
    package var memory: MemoryRequest
    package var interfaces: [Interface]
    package var functions: [Function]
    package var links: [Link]
    package var lab: [LabHost]

    package init(
        name: String, datapath: DatapathChoice = .auto, memory: MemoryRequest = MemoryRequest(),
        interfaces: [Interface] = [], functions: [Function] = [], links: [Link] = [], lab: [LabHost] = []
    ) {
        self.name = name
        self.datapath = datapath
        self.memory = memory
        self.interfaces = interfaces
        self.functions = functions
        self.links = links
        self.lab = lab
    }
}

package enum DatapathChoice: String, Codable, Hashable, Sendable, CaseIterable {
    case auto
    case shared
    case flash
}

/// `umem:`. What is nil is computed from the graph.
package struct MemoryRequest: Codable, Hashable, Sendable {
    package var frames: Int?
    /// In bytes, a power of two from 2048 to the page size.
    package var frameSize: Int

    package init(frames: Int? = nil, frameSize: Int = 2048) {
        self.frames = frames
        self.frameSize = frameSize
    }
}

package struct Interface: Codable, Hashable, Sendable {
    package enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
        case native
        case generic
    }

    package enum ZeroCopy: String, Codable, Hashable, Sendable, CaseIterable {
        case auto
        case required
        case off
    }

    package var name: String
    package var device: String
    /// Queue numbers, ascending; at least one.
    package var queues: [Int]
    package var mode: Mode
    package var zeroCopy: ZeroCopy

    package init(name: String, device: String, queues: [Int] = [0], mode: Mode = .native, zeroCopy: ZeroCopy = .auto) {
        self.name = name
        self.device = device
        self.queues = queues
        self.mode = mode
        self.zeroCopy = zeroCopy
    }
}

/// An NF: one worker process with one or more threads.
package struct Function: Codable, Hashable, Sendable {
    package enum Wait: String, Codable, Hashable, Sendable, CaseIterable {
        case busy
        case sleep
        case adaptive
    }

    package enum Restart: String, Codable, Hashable, Sendable, CaseIterable {
        case onFailure = "on-failure"
        case never
    }

    package var name: String
    package var program: String
    package var configuration: ProgramConfiguration
    package var threads: Int
    /// CPUs for the threads, thread i on `cpus[i modulo count]`; empty: the kernel chooses.
    package var cpus: [Int]
    package var wait: Wait
    package var restart: Restart

    package init(
        name: String, program: String, configuration: ProgramConfiguration = ProgramConfiguration(), threads: Int = 1,
        cpus: [Int] = [], wait: Wait = .adaptive, restart: Restart = .onFailure
    ) {
        self.name = name
        self.program = program
        self.configuration = configuration
        self.threads = threads
        self.cpus = cpus
        self.wait = wait
        self.restart = restart
    }
}

/// One hop of a path. Its identity is where it comes from: the path's head, the NF, which visit of the path to that
/// NF, and the output; where it leads to is what a rewire changes.
package struct Link: Codable, Hashable, Sendable {
    package var source: LinkSource
    package var target: LinkTarget

    package init(source: LinkSource, target: LinkTarget) {
        self.source = source
        self.target = target
    }
}

/// A link's identity.
package struct LinkSource: Codable, Hashable, Sendable {
    /// Where the path begins: `lan:0`, a source NF (`gen`) or another output of an NF (`firewall[deny]`).
    package var head: PathHead
    /// The NF that sends over this link; nil for the first link of a path that begins at a queue.
    package var function: String?
    /// The how manieth time the path visits that NF, from 0.
    package var visit: Int
    /// The output's index; 0 but for the first link of a path that begins at another output.
    package var output: Int

    package init(head: PathHead, function: String? = nil, visit: Int = 0, output: Int = 0) {
        self.head = head
        self.function = function
        self.visit = visit
        self.output = output
    }
}

package enum PathHead: Codable, Hashable, Sendable {
    case queue(QueueID)
    /// Output `output` of NF `function`, for all paths through it.
    case output(function: String, output: Int)
}

package enum LinkTarget: Codable, Hashable, Sendable {
    case function(String)
    /// These queues of an interface: sender thread i uses queue `queues[i modulo count]`.
    case queues(interface: String, queues: [Int])
}

package struct QueueID: Codable, Hashable, Sendable, Comparable, CustomStringConvertible {
    package var interface: String
    package var queue: Int

    package init(interface: String, queue: Int) {
        self.interface = interface
        self.queue = queue
    }

    package var description: String { "\(interface):\(queue)" }

    package static func < (left: QueueID, right: QueueID) -> Bool {
        (left.interface, left.queue) < (right.interface, right.queue)
    }
}

/// A network namespace that stands for a host, joined to an interface of the topology by a veth pair.
package struct LabHost: Codable, Hashable, Sendable {
    package var name: String
    package var interface: String
    /// Address with prefix length, as `ip address add` takes it.
    package var address: String

    package init(name: String, interface: String, address: String) {
        self.name = name
        self.interface = interface
        self.address = address
    }
}
