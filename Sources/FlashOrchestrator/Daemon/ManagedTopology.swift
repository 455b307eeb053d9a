// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// A topology that the daemon takes care of.
final class ManagedTopology {
    var applied: AppliedSource
    /// While an apply is carried out: what was applied before.
    var previous: AppliedSource?
    var isApplying = false
    /// Why the last apply could not be undone.
    var problems: [String] = []
    /// What has happened to it beside what was asked for, until the next apply.
    var notice: String?
    let host: LinuxHost
    let executor: Executor
    var sampler = Sampler()

    init(applied: AppliedSource, host: LinuxHost, executor: Executor) {
        self.applied = applied
        self.host = host
        self.executor = executor
    }

    /// Until what was applied runs again: a daemon that dies meanwhile leaves an unfinished change.
    func beginRecovery() {
        isApplying = true
        previous = applied.topology == nil ? nil : applied
    }

    func makeRecord(_ host: LinuxHost, _ chain: Chain) -> TopologyRecord {
        var record = TopologyRecord(source: applied)
        record.previous = previous
        record.isApplying = isApplying
        record.pendingHost = host.pendingHost
        record.chain = chain
        record.totals = sampler.record()
        for function in host.functions.values {
            for (index, thread) in function.threads.enumerated() {
                record.threads.append(
                    TopologyRecord.ThreadEntry(
                        key: function.key(index), id: thread.id, event: host.shared?.eventIdentity(of: thread.id),
                        frames: thread.frames))
            }
            guard let worker = function.worker else { continue }
            record.workers.append(
                TopologyRecord.WorkerEntry(
                    function: function.function, process: worker.process.identifier,
                    startTime: worker.process.startTime, since: worker.since, restarts: function.restarts))
        }
        record.memory = host.shared?.memoryIdentity
        record.arena = host.shared?.arenaIdentity
        record.acknowledge = host.acknowledge?.identity
        record.links = host.programs.compactMapValues(\.linkIdentity)
        record.rings = host.rings.map { key, id in
            TopologyRecord.RingEntry(key: key, id: id, number: host.shared?.ring(id)?.flashID ?? 0)
        }
        record.queues = host.queues.values.map { queue in
            TopologyRecord.QueueEntry(
                key: queue.queue, id: queue.port, number: host.shared?.port(queue.port)?.flashID ?? 0,
                socket: queue.socketIdentity, rings: queue.socket.rings, isDelivered: queue.isDelivered)
        }
        record.ports = (host.flash?.ports ?? [:]).values.map { port in
            TopologyRecord.PortEntry(
                key: port.key, id: port.port, number: host.shared?.port(port.port)?.flashID ?? 0,
                flashID: port.flashID, socket: port.socketIdentity, rings: port.socket.rings,
                queue: port.queue, outlets: port.outlets, written: port.written)
        }
        return record
    }
}
