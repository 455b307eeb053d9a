// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
internal import Glibc

/// Taking over what an earlier daemon left.
///
/// A worker that still lives goes on as it is; what died meanwhile is started again with the same sockets and rings.
/// A topology whose apply was not finished goes back to what was applied before. Where no worker is left, nothing is
/// left of the chain but lab hosts: it is made anew.
extension DaemonState {
    func adoptAll() {
        for name in folder.recordedTopologies() {
            do throws(ForeignRecord) {
                adopt(try TopologyRecord.read(name, from: folder))
            } catch {
                logger.error("\(error.error.message)")
                foreign[name] = error
            }
        }
    }

    private func adopt(_ record: TopologyRecord) {
        let name = record.source.name
        if let host = record.pendingHost { try? Lab.removeUnfinished(host.host) }
        let wanted = record.isApplying ? record.previous : record.source
        let source =
            wanted
            ?? AppliedSource(
                topology: nil, name: name, file: record.source.file, text: record.source.text,
                since: record.source.since)
        do throws(HostError) {
            try takeOver(record, as: source)
        } catch {
            logger.warning("topology \(name) is made anew: \(error.message)")
            // Here nothing of what was taken over is held any more: a queue has one socket.
            endWorkers(of: name)
            // Also one that was made and not recorded.
            try? SocketDevice.remove(of: name, in: folder.path)
            let fresh = makeTopology(source, chain: Chain(hosts: record.chain.hosts))
            fresh.beginRecovery()
            fresh.host.recordChain(fresh.executor.chain)
            if !record.workers.isEmpty {
                fresh.notice = "it was made anew at \(MonotonicClock.timestamp()): \(error.message)"
            }
            topologies[name] = fresh
        }
        if let managed = topologies[name] { bring(managed) }
    }

    /// Takes a chain over as it runs. Where that cannot be, ends what it has started and lets go of all.
    private func takeOver(_ record: TopologyRecord, as source: AppliedSource) throws(HostError) {
        let unknown = workers(of: source.name, but: Set(record.workers.map(\.process)))
        for worker in unknown {
            logger.warning(
                "worker \(worker.process.identifier) of topology \(source.name) is not recorded, and has a successor")
        }
        let adoption = try Adoption(record, unknown: unknown)
        let managed = makeTopology(source, chain: adoption.chain)
        managed.beginRecovery()
        managed.host.recordChain(adoption.chain)
        managed.sampler = Sampler(record.totals ?? Sampler.Totals())
        adoption.fill(managed.host)
        topologies[source.name] = managed
        managed.host.replaceStopped()
        do throws(HostError) {
            if adoption.isUnsettled {
                try managed.executor.settleAll { () throws(HostError) in
                    try adoption.makeLost(managed.host)
                    managed.host.startDead()
                }
            } else {
                managed.host.startDead()
                try managed.executor.settleAll(resting: nil)
            }
        } catch {
            managed.host.abandon()
            topologies[source.name] = nil
            throw error
        }
    }

    /// Does what is missing for what shall be applied.
    private func bring(_ managed: ManagedTopology) {
        let name = managed.applied.name
        do throws(ServiceError) {
            let plan = try plan(managed.applied.topology, named: name, observed: managed.executor.observe())
            if !plan.steps.isEmpty {
                switch managed.executor.run(plan, deadline: Executor.stepDeadline) {
                case .done: logger.info("topology \(name): \(plan.steps.count) steps to what was applied")
                case .failed(_, let error), .rollbackFailed(_, let error, _):
                    managed.problems = [error.message]
                    logger.error("topology \(name): \(error.message)")
                }
            }
        } catch {
            managed.problems = [error.message]
            logger.error("topology \(name): \(error.message)")
        }
        managed.isApplying = false
        managed.previous = nil
        settle(managed)
    }

    /// Removes what can be found of a topology whose record cannot be read.
    func removeForeign(_ record: ForeignRecord) -> ApplyReply {
        let name = record.topology
        let hosts = record.hosts(in: folder)
        endWorkers(of: name)
        var reply = ApplyReply(name: name, outcome: .done)
        do throws(LabError) {
            try Lab.remove((hosts ?? []).map(\.host))
        } catch {
            reply.outcome = .failed
            reply.failure = ApplyReply.Failure(step: nil, message: "removing its lab hosts: \(error)")
            return reply
        }
        try? SocketDevice.remove(of: name, in: folder.path)
        foreign[name] = nil
        folder.remove(topology: name)
        if hosts == nil {
            reply.outcome = .failed
            reply.failure = ApplyReply.Failure(
                step: nil, message: "its workers are ended, but nothing says which lab hosts it had",
                help: "ip netns list shows what is left; ip netns delete removes it")
        }
        return reply
    }

    /// Ends workers of a topology: without a record of theirs nobody else knows them.
    private func endWorkers(of topology: String) {
        for worker in workers(of: topology) {
            logger.warning("worker \(worker.process.identifier) of topology \(topology) is ended")
            worker.process.end(milliseconds: 1000)
        }
    }

    /// Those of this runtime folder.
    private func workers(of topology: String, but known: Set<Int32> = []) -> [UnknownWorker] {
        var found: [UnknownWorker] = []
        for entry in SystemFile.names(in: "/proc") {
            // Held first: what is read then is of the process that is signalled.
            guard let number = Int32(entry), !known.contains(number),
                let process = try? ProcessHandle.open(identifier: number),
                let text = try? SystemFile.read("/proc/\(number)/cmdline")
            else { continue }
            let words = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
            guard words.count >= 7, words[0] == "flash-nf", words[2] == topology, words[6] == folder.path
            else { continue }
            found.append(UnknownWorker(process))
        }
        return found
    }
}
