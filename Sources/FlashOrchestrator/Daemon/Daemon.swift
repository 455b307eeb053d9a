// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
package import Logging
internal import Synchronization
import YAMLBridge

/// The daemon of this machine: it plans and applies topologies, and takes care of what runs. Workers outlive it.
package final class Daemon: DaemonService {
    private let supervisor: Supervisor
    /// nil once the daemon was stopped.
    private let lock: Mutex<DaemonLock?>
    private let folder: RuntimeFolder

    /// Takes the lock of the runtime folder, and over what an earlier daemon left running.
    ///
    /// - Parameters:
    ///   - directory: the runtime folder.
    ///   - worker: path of the program file `flash-nf`.
    package static func start(directory: String, worker: String, logger: Logger) async throws(ServiceError) -> Daemon {
        let folder = RuntimeFolder(path: directory)
        let lock = try takeLock(folder)
        let supervisor = try startSupervisor(folder, worker: worker, logger: logger)
        try await supervisor.perform(.change) { (state) throws(ServiceError) in state.adoptAll() }
        return Daemon(supervisor: supervisor, lock: lock, folder: folder)
    }

    private static func takeLock(_ folder: RuntimeFolder) throws(ServiceError) -> DaemonLock {
        do {
            return try DaemonLock(folder)
        } catch {
            guard error.call == "flock" else { throw ServiceError(.failed, error.description) }
            throw ServiceError(.conflict, "another daemon has \(folder.lockFile)", help: "end it first")
        }
    }

    private static func startSupervisor(
        _ folder: RuntimeFolder, worker: String, logger: Logger
    ) throws(ServiceError) -> Supervisor {
        do throws(SystemError) {
            let program = try WorkerProcess.executable(worker).take()
            return try Supervisor {
                DaemonState(
                    folder: folder, program: DescriptorBox(OwnedDescriptor(taking: program)), logger: logger)
            }
        } catch {
            throw ServiceError(.failed, error.description)
        }
    }

    private init(supervisor: Supervisor, lock: consuming DaemonLock, folder: RuntimeFolder) {
        self.supervisor = supervisor
        self.lock = Mutex(lock)
        self.folder = folder
    }

    /// Ends the daemon's work after the change at hand; what runs goes on running.
    package func stop() async {
        try? await supervisor.perform(.change) { (state) throws(ServiceError) in state.keepTotals() }
        await supervisor.close()
        lock.withLock { $0 = nil }
    }

    // MARK: DaemonService

    package func validate(_ request: TopologyRequest) async throws(ServiceError) -> ValidationReply {
        let (topology, diagnostics) = try await decode(request)
        return ValidationReply(name: topology?.name, diagnostics: diagnostics)
    }

    package func plan(_ request: TopologyRequest) async throws(ServiceError) -> PlanReply {
        let (topology, diagnostics) = try await decodeValid(request)
        return try await supervisor.perform(.change) { (state) throws(ServiceError) in
            let plan = try state.plan(topology)
            return PlanReply(
                name: topology.name, datapath: plan.datapath.rawValue, plan: plan, diagnostics: diagnostics)
        }
    }

    package func apply(
        _ request: ApplyRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
    ) async throws(ServiceError) -> ApplyReply {
        let (topology, diagnostics) = try await decodeValid(request.topology)
        let source = AppliedSource(
            topology: topology, name: topology.name, file: request.topology.file, text: request.topology.text,
            since: MonotonicClock.timestamp())
        var reply = try await supervisor.perform(.change) { (state) throws(ServiceError) in
            try state.apply(source, topology, deadline: request.deadline, progress: progress)
        }
        reply.diagnostics = diagnostics
        return reply
    }

    package func down(
        _ request: DownRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
    ) async throws(ServiceError) -> ApplyReply {
        try await supervisor.perform(.change) { (state) throws(ServiceError) in
            try state.down(request.name, deadline: request.deadline, progress: progress)
        }
    }

    package func status(name: String?) async throws(ServiceError) -> StatusReport {
        try await supervisor.perform(.reading) { (state) throws(ServiceError) in try state.status(of: name) }
    }

    package func topologies() async throws(ServiceError) -> TopologyList {
        try await supervisor.perform(.reading) { (state) throws(ServiceError) in
            TopologyList(topologies: state.entries)
        }
    }

    package func logs(_ request: LogRequest) async throws(ServiceError) -> LogReply {
        let name = try await supervisor.perform(.reading) { (state) throws(ServiceError) in
            try state.topology(ofFunction: request.nf, named: request.name)
        }
        let log = WorkerLog(path: folder.log(of: request.nf, in: name))
        let size = log.size
        let start = request.offset.map { min(max($0, 0), size) } ?? max(0, size - LogReply.limit)
        let bytes = (try? log.read(from: start, limit: LogReply.limit)) ?? []
        return LogReply(
            name: name, nf: request.nf, text: String(decoding: bytes, as: UTF8.self), next: start + bytes.count)
    }

    package func applied(name: String) async throws(ServiceError) -> AppliedTopology {
        try await supervisor.perform(.reading) { (state) throws(ServiceError) in
            let managed = try state.find(name)
            guard let topology = managed.applied.topology else {
                throw ServiceError(.notFound, "no topology \(name) is applied")
            }
            return AppliedTopology(
                topology: topology, file: managed.applied.file, text: managed.applied.text, hosts: managed.hosts)
        }
    }

    // MARK: decoding

    private func decode(
        _ request: TopologyRequest
    ) async throws(ServiceError) -> (topology: Topology?, diagnostics: [ServiceDiagnostic]) {
        var facts = MachineFacts.current()
        facts.holds = try await supervisor.perform(.reading) { (state) throws(ServiceError) in state.holds }
        let (topology, diagnostics) = TopologyFile.decode(
            text: Array(request.text.utf8), file: request.file, variables: request.variables, machine: facts)
        return (topology, diagnostics.map(ServiceDiagnostic.init))
    }

    private func decodeValid(
        _ request: TopologyRequest
    ) async throws(ServiceError) -> (topology: Topology, diagnostics: [ServiceDiagnostic]) {
        let (topology, diagnostics) = try await decode(request)
        guard let topology else { throw ServiceError(faultsOf: request.file, diagnostics) }
        return (topology, diagnostics)
    }
}

extension LogReply {
    /// Bytes of a log in one reply.
    static let limit = 64 << 10
}
