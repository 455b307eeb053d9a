// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// What a daemon to come has to know of a topology: `state.json`. What the workers hold of it is looked for among their descriptors,
/// and not recorded: the daemon may die between giving and recording.
struct TopologyRecord: Codable, Sendable {
    /// Another number is another daemon's, which is not touched.
    static let currentVersion = 4

    var version = TopologyRecord.currentVersion
    var source: AppliedSource
    /// The topology before, while an apply is carried out: if the daemon dies, the next one goes back to it.
    var previous: AppliedSource?
    var isApplying = false
    /// A host that is being made: it may or may not be there.
    var pendingHost: HostPlan?
    var chain = Chain()
    var memory: DescriptorIdentity?
    var arena: DescriptorIdentity?
    /// The event on which workers say that they have done what they were asked.
    var acknowledge: DescriptorIdentity?
    /// The XDP links, by interface.
    var links: [String: DescriptorIdentity] = [:]
    var threads: [ThreadEntry] = []
    var rings: [RingEntry] = []
    var queues: [QueueEntry] = []
    var ports: [PortEntry] = []
    var workers: [WorkerEntry] = []
    /// Left out by daemons that kept none.
    var totals: Sampler.Totals?

    struct ThreadEntry: Codable, Sendable {
        var key: ThreadKey
        var id: ThreadID
        /// What it sleeps on.
        var event: DescriptorIdentity?
        /// Frames that a source fills.
        var frames: RingID?
    }

    struct RingEntry: Codable, Sendable {
        var key: RingKey
        var id: RingID
        /// Its flash-id: another ring may have its place by now.
        var number: Int
    }

    struct QueueEntry: Codable, Sendable {
        var key: QueueID
        var id: PortID
        /// Its flash-id.
        var number: Int
        var socket: DescriptorIdentity?
        var rings: QueueRings
        var isDelivered: Bool
    }

    struct PortEntry: Codable, Sendable {
        var key: PortKey
        var id: PortID
        /// Its number in the arena, and the flash-id by which the kernel knows its socket.
        var number: Int
        var flashID: Int
        var socket: DescriptorIdentity?
        var rings: QueueRings
        var queue: Int
        var outlets: Outlets
        var written: [Int]
    }

    /// A worker process.
    struct WorkerEntry: Codable, Sendable {
        var function: FunctionID
        var process: Int32
        var startTime: UInt64
        var since: String
        var restarts: Int
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
    /// Why `auto` was `shared` then although there was a FLASH kernel.
    var fallback: String?
}

extension TopologyRecord {
    func write(to folder: RuntimeFolder) throws(SystemError) {
        guard let text = try? JSONText.encode(self) else {
            throw SystemError(call: "encode", code: 22, context: "the state of \(source.name)")
        }
        try folder.write(text, to: folder.stateFile(of: source.name))
    }

    /// - Throws: where there is no record that this version understands.
    static func read(_ topology: String, from folder: RuntimeFolder) throws(ForeignRecord) -> TopologyRecord {
        let file = folder.stateFile(of: topology)
        do {
            let text = Array(try SystemFile.read(file).utf8)
            let head = try JSONText.decode(Head.self, from: text)
            guard head.version == currentVersion else {
                throw ForeignRecord(
                    topology: topology,
                    reason: "\(file) is of version \(head.version), and this daemon knows version \(currentVersion)")
            }
            let record = try JSONText.decode(TopologyRecord.self, from: text)
            guard record.source.name == topology else {
                throw ForeignRecord(topology: topology, reason: "\(file) is of topology \(record.source.name)")
            }
            return record
        } catch let error as ForeignRecord {
            throw error
        } catch let error as SystemError {
            throw ForeignRecord(topology: topology, reason: "\(file): \(error)")
        } catch {
            throw ForeignRecord(topology: topology, reason: "\(file) is damaged")
        }
    }

    private struct Head: Decodable {
        var version: Int
    }
}

/// A topology of which this daemon cannot read the record. It is left alone: it may run.
struct ForeignRecord: Error {
    let topology: String
    /// A clause.
    let reason: String

    var error: ServiceError {
        ServiceError(
            .conflict, "topology \(topology) cannot be taken care of: \(reason)", help: help)
    }

    var help: String {
        "start the daemon of the version that applied it, or end what runs of it: flash-orch down \(topology)"
    }

    /// The lab hosts that its record names, as far as it can be read; nil where it cannot.
    func hosts(in folder: RuntimeFolder) -> [HostPlan]? {
        struct Hosts: Decodable {
            struct Chain: Decodable { var hosts: [String: HostPlan] }
            var chain: Chain
        }
        guard let text = try? SystemFile.read(folder.stateFile(of: topology)),
            let found = try? JSONText.decode(Hosts.self, from: Array(text.utf8))
        else { return nil }
        return found.chain.hosts.sorted { $0.key < $1.key }.map(\.value)
    }
}
