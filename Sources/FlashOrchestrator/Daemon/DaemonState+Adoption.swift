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
            guard let record = TopologyRecord.read(name, from: folder) else {
                logger.error("the state file of topology \(name) cannot be read, and is left alone")
                continue
            }
            adopt(record)
        }
    }

    private func adopt(_ record: TopologyRecord) {
        let name = record.source.name
        if let host = record.pendingHost { try? Lab.removeUnfinished(host.host) }
        endStrangers(record)
        let wanted = record.isApplying ? record.previous : record.source
        let source =
            wanted
            ?? AppliedSource(
                topology: nil, name: name, file: record.source.file, text: record.source.text,
                since: record.source.since)

        var chain = record.chain
        let managed: ManagedTopology
        do {
            let adoption = try Adoption(record)
            chain = adoption.chain
            managed = makeTopology(source, chain: chain)
            managed.host.recordChain(chain)
            adoption.fill(managed.host)
            topologies[name] = managed
            adoption.startDead(managed.host)
            try managed.executor.settleAll()
            managed.host.shared?.reclaim()
        } catch {
            logger.warning("topology \(name) is made anew: \(error)")
            endWorkers(record)
            chain = Chain(hosts: record.chain.hosts)
            let fresh = makeTopology(source, chain: chain)
            fresh.host.recordChain(chain)
            topologies[name] = fresh
            bring(fresh)
            return
        }
        bring(managed)
    }

    /// Does what is missing for what shall be applied.
    private func bring(_ managed: ManagedTopology) {
        let name = managed.applied.name
        do throws(ServiceError) {
            let plan = try plan(managed.applied.topology, named: name, observed: managed.executor.observe())
            if !plan.steps.isEmpty {
                switch managed.executor.run(plan, deadline: Self.stepDeadline) {
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
        settle(managed)
    }

    private func endWorkers(_ record: TopologyRecord) {
        for worker in record.workers {
            guard let process = try? ProcessHandle.open(identifier: worker.process, startTime: worker.startTime) else {
                continue
            }
            end(process)
        }
    }

    /// Ends workers of this topology and this runtime folder that the record does not know.
    private func endStrangers(_ record: TopologyRecord) {
        let known = Set(record.workers.map(\.process))
        for entry in SystemFile.names(in: "/proc") {
            guard let process = Int32(entry), !known.contains(process),
                let text = try? SystemFile.read("/proc/\(process)/cmdline")
            else { continue }
            let words = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
            guard words.count >= 7, words[0] == "flash-nf", words[2] == record.source.name, words[6] == folder.path,
                let handle = try? ProcessHandle.open(identifier: process)
            else { continue }
            logger.warning("worker \(process) of topology \(record.source.name) is not in its record, and is ended")
            end(handle)
        }
    }

    private func end(_ process: borrowing ProcessHandle) {
        _ = try? process.signal(SIGKILL)
        _ = try? process.waitForExit(milliseconds: 1000)
    }
}
