// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
internal import Glibc

extension DaemonState {
    func status(of name: String?) throws(ServiceError) -> StatusReport {
        var statuses: [TopologyStatus]
        if let name, let record = foreign[name] {
            statuses = [record.status(since: since)]
        } else if let name {
            statuses = [try find(name).status()]
        } else {
            statuses = topologies.values.map { $0.status() } + foreign.values.map { $0.status(since: since) }
        }
        statuses.sort { $0.name < $1.name }
        return StatusReport(
            daemon: DaemonStatus(
                pid: Int(getpid()), since: since, resident: ProcessMemory.resident(of: getpid())),
            topologies: statuses)
    }

    var entries: [TopologyList.Entry] {
        (topologies.values.map(\.entry) + foreign.values.map(\.entry)).sorted { $0.name < $1.name }
    }

    /// The name of the one topology that has this NF.
    func topology(ofFunction nf: String, named name: String?) throws(ServiceError) -> String {
        if let name {
            guard try find(name).has(nf) else { throw ServiceError(.notFound, "topology \(name) has no nf \(nf)") }
            return name
        }
        let owners = topologies.values.filter { $0.has(nf) }.map(\.applied.name).sorted()
        guard let first = owners.first else { throw ServiceError(.notFound, "no topology has an nf \(nf)") }
        if owners.count > 1 {
            throw ServiceError(
                .badInput, "the topologies \(owners.joined(separator: " and ")) have an nf \(nf)",
                help: "say which topology")
        }
        return first
    }
}

extension ManagedTopology {
    func has(_ nf: String) -> Bool { executor.chain.functions.keys.contains { $0.name == nf } }

    var entry: TopologyList.Entry {
        TopologyList.Entry(
            name: applied.name, state: state(faults: host.faults(in: executor.chain)), file: applied.file,
            nfs: executor.chain.functions.count, links: executor.chain.links.count)
    }

    var hosts: [HostStatus] {
        executor.chain.hosts.sorted { $0.key < $1.key }.map { name, plan in
            HostStatus(
                name: name, namespace: plan.namespace, interface: plan.interface, device: plan.device,
                address: plan.address)
        }
    }

    private func state(faults: [Fault]) -> TopologyState {
        if isApplying { return .applying }
        if !problems.isEmpty { return .failed }
        return faults.isEmpty ? .running : .degraded
    }

    func status() -> TopologyStatus {
        sampler.take(host)
        let chain = executor.chain
        let names = LinkNames(chain)
        let faults = host.faults(in: chain)
        return TopologyStatus(
            name: applied.name, file: applied.file,
            datapath: (chain.memory?.datapath ?? .shared).rawValue, fallback: applied.fallback,
            state: state(faults: faults), since: applied.since, frames: frames,
            nfs: chain.functions.keys.sorted().compactMap { host.functions[$0] }.map(status(of:)),
            links: LinkOrder.downstreamFirst(chain.links).reversed().compactMap { source in
                chain.links[source].map { status(of: source, $0, names) }
            },
            queues: chain.queues.sorted().compactMap { host.queues[$0] }.compactMap(status(of:)),
            ports: chain.ports.sorted().compactMap { host.flash?.status(of: $0, names) },
            hosts: hosts, differences: faults.map(difference) + problems.map(difference(problem:)), notice: notice)
    }

    private var frames: FrameStatus {
        guard let shared = host.shared else { return FrameStatus() }
        let census = shared.census()
        return FrameStatus(
            total: census.total, size: shared.frameSize, inRings: census.inRings, inQueues: census.inQueues,
            free: census.free, missing: census.missing, duplicated: census.duplicated)
    }

    private func status(of record: FunctionRecord) -> FunctionStatus {
        let function = record.plan.function
        let declaration = ProgramCatalog.declaration(of: function.program)
        var status = FunctionStatus(
            name: function.name, program: function.program, state: record.state, threads: function.threads,
            restarts: record.restarts)
        if let worker = record.worker {
            let process = worker.process.identifier
            status.pid = Int(process)
            status.since = worker.since
            status.cpu = sampler.rate { $0.cpu[process] } / 1e7
            status.resident = ProcessMemory.own(of: process)
        }
        status.received = sampler.traffic { $0.received[record.function] }
        status.sent = sampler.traffic { $0.sent[record.function] }
        for thread in record.threadIDs {
            guard let shared = host.shared else { break }
            let counters = shared.counters(thread, programCounters: declaration?.counters.count ?? 0)
            for (reason, count) in zip(DropReason.allCases, counters.drops) where count > 0 {
                status.drops["\(reason)", default: 0] &+= count
            }
            if let declaration {
                for (name, count) in zip(declaration.counters, counters.program) {
                    status.counters[name] = declaration.merged(status.counters[name] ?? 0, count, counter: name)
                }
            }
            status.batches &+= counters.batches
            status.wakeups &+= counters.wakeups
            status.blocked += Double(counters.blocked) / 1e6
        }
        if record.isFailed { status.log = record.log.tail() }
        return status
    }

    private func status(of source: LinkSource, _ link: WiredLink, _ names: LinkNames) -> LinkStatus {
        var status = LinkStatus(
            source: names.text(of: source), target: names.text(of: link.target), path: names.path(of: source),
            flashID: 0, isProven: true)
        for hop in link.hops {
            if let ring = hop.ring(of: source) {
                guard let id = host.rings[ring], let state = host.shared?.ring(id) else { continue }
                let port = host.flash?.state(of: ring)
                if status.rings == 0 { status.flashID = port?.flashID ?? state.flashID }
                status.rings += 1
                status.used += port?.used ?? state.used
                status.capacity += port?.capacity ?? state.capacity
                status.add(sampler.traffic { $0.rings[ring] })
                status.isProven = status.isProven && (try? host.datapath.isProven(ring)) == true
                continue
            }
            if case .queue(let queue) = hop.source {
                add(queue, to: &status) { $0.queuesReceived[queue] }
                status.isProven = status.isProven && host.queues[queue]?.isDelivered == true
            } else if case .queue(let queue) = hop.target {
                add(queue, to: &status) { $0.queuesSent[queue] }
                status.isProven = status.isProven && host.queues[queue] != nil
            }
        }
        return status
    }

    private func add(_ queue: QueueID, to status: inout LinkStatus, _ counts: (Sampler.Sample) -> Sampler.Counts?) {
        guard let record = host.queues[queue], let port = host.shared?.port(record.port) else { return }
        if status.flashID == 0 { status.flashID = port.flashID }
        status.add(sampler.traffic(counts))
    }

    private func status(of queue: QueueRecord) -> QueueStatus? {
        guard let interface = executor.chain.interfaces[queue.queue.interface] else { return nil }
        let key = queue.queue
        var status = QueueStatus(
            interface: key.interface, device: interface.device, queue: key.queue, mode: interface.mode.rawValue,
            isZeroCopy: queue.socket.isZeroCopy, flashID: host.shared?.port(queue.port)?.flashID ?? 0)
        status.received = sampler.traffic { $0.queuesReceived[key] }
        status.sent = sampler.traffic { $0.queuesSent[key] }
        if let record = host.programs[key.interface] {
            status.isAttached =
                ((try? record.program.deviceIndex()) ?? nil) != nil
                && (!queue.isDelivered || (try? record.program.holdsSocket(queue: key.queue)) == true)
            if let counters = try? record.program.counters(queue: key.queue) {
                status.redirected = counters.redirected
                status.passed = counters.passed
            }
        }
        if let statistics = try? XDPSocket.statistics(queue.socket.descriptor.rawValue) {
            let drops = [
                "rx_dropped": statistics.rxDropped, "rx_ring_full": statistics.rxRingFull,
                "fill_ring_empty": statistics.fillRingEmpty, "rx_invalid": statistics.rxInvalid,
                "tx_invalid": statistics.txInvalid,
            ]
            status.drops = drops.filter { $0.value > 0 }
        }
        return status
    }

    private func difference(_ fault: Fault) -> Difference {
        switch fault.subject {
        case .port(let port):
            Difference(
                subject: LinkNames(executor.chain).subject(of: port), message: fault.reason,
                help: "flash-orch apply \(applied.file) writes it again")
        case .ports:
            Difference(
                subject: "topology \(applied.name)", message: fault.reason,
                help: "flash-orch apply \(applied.file) makes it anew")
        case .function(let function):
            Difference(
                subject: "nf \(function.name)", message: fault.reason,
                help: "flash-orch logs \(function.name) shows why; flash-orch apply \(applied.file) starts it again")
        case .interface(let name):
            Difference(
                subject: "interface \(name)", message: fault.reason,
                help: "flash-orch apply \(applied.file) makes it anew")
        case .host(let name):
            Difference(
                subject: "host \(name)", message: fault.reason, help: "flash-orch apply \(applied.file) makes it anew")
        }
    }

    private func difference(problem: String) -> Difference {
        Difference(
            subject: "topology \(applied.name)", message: problem,
            help: "flash-orch apply \(applied.file) tries again; flash-orch down \(applied.name) removes it")
    }
}

extension ForeignRecord {
    func status(since: String) -> TopologyStatus {
        TopologyStatus(
            name: topology, file: "unknown", datapath: DatapathKind.shared.rawValue, state: .failed, since: since,
            frames: FrameStatus(),
            differences: [Difference(subject: "topology \(topology)", message: reason, help: help)])
    }

    var entry: TopologyList.Entry {
        TopologyList.Entry(name: topology, state: .failed, file: "unknown", nfs: 0, links: 0)
    }
}

/// What /proc/PID/status says of memory, in bytes; 0 where it says nothing.
enum ProcessMemory {
    static func resident(of process: Int32) -> UInt64 { sum(process, of: ["VmRSS:"]) }

    /// Without memory that is shared, as UMEM and arena are.
    static func own(of process: Int32) -> UInt64 { sum(process, of: ["RssAnon:", "RssFile:"]) }

    private static func sum(_ process: Int32, of names: [String]) -> UInt64 {
        guard let text = try? SystemFile.read("/proc/\(process)/status") else { return 0 }
        return text.split(separator: "\n").reduce(0) { total, line in
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.count >= 2, names.contains(String(words[0])), let size = UInt64(words[1]) else { return total }
            return total &+ size &* 1024
        }
    }
}
