// SPDX-License-Identifier: Apache-2.0

/// What runs. The JSON shape of `flash-orch status -o json`, version 1: names are added within a version, never
/// changed.
/// Rates are over the last second or so; totals count since the topology's memory was created. Times are RFC 3339, UTC.
package struct StatusReport: Codable, Hashable, Sendable {
    package var version = 1
    package var daemon: DaemonStatus
    /// By name.
    package var topologies: [TopologyStatus]

    package init(daemon: DaemonStatus, topologies: [TopologyStatus]) {
        self.daemon = daemon
        self.topologies = topologies
    }
}

package struct DaemonStatus: Codable, Hashable, Sendable {
    package var pid: Int
    package var since: String
    /// Resident memory in bytes.
    package var resident: UInt64
    /// Of the daemon's program, for example `0.1.0`.
    package var version: String

    package init(pid: Int, since: String, resident: UInt64, version: String = Version.current) {
        self.version = version
        self.pid = pid
        self.since = since
        self.resident = resident
    }
}

package enum TopologyState: String, Codable, Hashable, Sendable {
    case applying
    case running
    /// It runs, and something differs from the applied file.
    case degraded
    /// An apply failed and could not be undone.
    case failed
}

package struct TopologyStatus: Codable, Hashable, Sendable {
    package var name: String
    package var file: String
    /// `shared` or `flash`.
    package var datapath: String
    /// Why `auto` is `shared` although there is a FLASH kernel, as a clause.
    package var fallback: String?
    package var state: TopologyState
    /// When the last apply that changed something ended.
    package var since: String
    package var frames: FrameStatus
    package var nfs: [FunctionStatus]
    package var links: [LinkStatus]
    package var queues: [QueueStatus]
    /// On the `flash` datapath.
    package var ports: [PortStatus]
    package var hosts: [HostStatus]
    package var differences: [Difference]
    /// What has happened to it since the last apply beside what was asked for, as a sentence without a full stop.
    package var notice: String?

    package init(
        name: String, file: String, datapath: String, fallback: String? = nil, state: TopologyState, since: String,
        frames: FrameStatus, nfs: [FunctionStatus] = [], links: [LinkStatus] = [], queues: [QueueStatus] = [],
        ports: [PortStatus] = [],
        hosts: [HostStatus] = [], differences: [Difference] = [], notice: String? = nil
    ) {
        self.name = name
        self.file = file
        self.datapath = datapath
        self.fallback = fallback
        self.state = state
        self.since = since
        self.frames = frames
        self.nfs = nfs
        self.links = links
        self.queues = queues
        self.ports = ports
        self.hosts = hosts
        self.differences = differences
        self.notice = notice
    }
}

/// Where the UMEM's frames are. While packets flow a count may be off by what moved during the counting; `missing` and
/// `duplicated` are zero in a chain at rest.
package struct FrameStatus: Codable, Hashable, Sendable {
    package var total: Int
    /// In bytes.
    package var size: Int
    package var inRings: Int
    package var inQueues: Int
    package var free: Int
    package var missing: Int
    package var duplicated: Int

    private enum CodingKeys: String, CodingKey {
        case total, size, free, missing, duplicated
        case inRings = "in_rings"
        case inQueues = "in_queues"
    }

    package init(
        total: Int = 0, size: Int = 0, inRings: Int = 0, inQueues: Int = 0, free: Int = 0, missing: Int = 0,
        duplicated: Int = 0
    ) {
        self.total = total
        self.size = size
        self.inRings = inRings
        self.inQueues = inQueues
        self.free = free
        self.missing = missing
        self.duplicated = duplicated
    }
}

/// A lab host: a network namespace.
package struct HostStatus: Codable, Hashable, Sendable {
    package var name: String
    /// The namespace's name, as `ip netns` shows it.
    package var namespace: String
    package var interface: String
    package var device: String
    package var address: String

    package init(name: String, namespace: String, interface: String, device: String, address: String) {
        self.name = name
        self.namespace = namespace
        self.interface = interface
        self.device = device
        self.address = address
    }
}

/// Something that is not as the applied file says.
package struct Difference: Codable, Hashable, Sendable {
    /// For example `nf firewall`, `queue lan:0`, `interface lan`.
    package var subject: String
    /// One sentence without a full stop.
    package var message: String
    /// What to do about it.
    package var help: String

    package init(subject: String, message: String, help: String) {
        self.subject = subject
        self.message = message
        self.help = help
    }
}
