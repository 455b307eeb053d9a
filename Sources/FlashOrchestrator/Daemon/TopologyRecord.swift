// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// What a daemon to come has to know of a topology: `state.json`.
struct TopologyRecord: Codable, Sendable {
    /// Another number is another daemon's, which is not touched.
    static let currentVersion = 1

    var version = TopologyRecord.currentVersion
    var source: AppliedSource
    /// The topology before, while an apply is carried out: if the daemon dies, the next one goes back to it.
    var previous: AppliedSource?
    var isApplying = false
    /// A host that is being made: it may or may not be there.
    var pendingHost: HostPlan?
    var chain = Chain()
    var threads: [ThreadEntry] = []
    var rings: [RingEntry] = []
    var queues: [QueueEntry] = []
    var workers: [WorkerEntry] = []

    struct ThreadEntry: Codable, Sendable {
        var key: ThreadKey
        var id: ThreadID
        /// Frames that a source fills.
        var frames: RingID?
    }

    struct RingEntry: Codable, Sendable {
        var key: RingKey
        var id: RingID
    }

    struct QueueEntry: Codable, Sendable {
        var key: QueueID
        var id: PortID
        var rings: QueueRings
        var isDelivered: Bool
    }

    /// A worker process, and under which numbers it holds what the daemon needs again.
    struct WorkerEntry: Codable, Sendable {
        var function: FunctionID
        var process: Int32
        var startTime: UInt64
        var since: String
        var restarts: Int
        var memory: Int32
        var arena: Int32
        var acknowledge: Int32
        var events: [EventEntry]
        var ports: [PortEntry]
    }

    struct EventEntry: Codable, Sendable {
        var thread: ThreadID
        var descriptor: Int32
    }

    struct PortEntry: Codable, Sendable {
        var port: PortID
        var socket: Int32
        var link: Int32
    }

    init(source: AppliedSource) {
        self.source = source
    }
}

/// A topology and where it came from.
struct AppliedSource: Codable, Hashable, Sendable {
    /// nil: nothing shall run.
    var topology: Topology?
    var name: String
    var file: String
    var text: String
    /// When it was applied.
    var since: String
}

extension TopologyRecord {
    func write(to folder: RuntimeFolder) throws(SystemError) {
        guard let text = try? JSONText.encode(self) else {
            throw SystemError(call: "encode", code: 22, context: "the state of \(source.name)")
        }
        try folder.write(text, to: folder.stateFile(of: source.name))
    }

    /// nil where there is no record, or none of this version.
    static func read(_ topology: String, from folder: RuntimeFolder) -> TopologyRecord? {
        guard let text = try? SystemFile.read(folder.stateFile(of: topology)),
            let record = try? JSONText.decode(TopologyRecord.self, from: Array(text.utf8)),
            record.version == currentVersion, record.source.name == topology
        else { return nil }
        return record
    }
}
