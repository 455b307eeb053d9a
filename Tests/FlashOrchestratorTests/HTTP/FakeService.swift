// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Synchronization

/// Answers from canned values, and notes what it was asked.
final class FakeService: DaemonService {
    static let step = StepSummary(number: 1, kind: .create, subject: "nf firewall", reason: "new in the topology")
    static let report = StatusReport(
        daemon: DaemonStatus(pid: 7, since: "2025-11-25T00:00:00Z", resident: 4096), topologies: [])

    let asked = Mutex<[String]>([])
    /// Thrown by every operation.
    let error: ServiceError?
    /// How many events an apply sends, each of about `size` bytes.
    let events: Int
    let size: Int
    /// What `validate` and `plan` wait at.
    let gate: Gate?

    init(error: ServiceError? = nil, events: Int = 2, size: Int = 0, gate: Gate? = nil) {
        self.gate = gate
        self.error = error
        self.events = events
        self.size = size
    }

    private func note(_ call: String) throws(ServiceError) {
        asked.withLock { $0.append(call) }
        if let error { throw error }
    }

    /// Returns once an operation was asked for.
    func isAsked() async {
        while asked.withLock({ $0.isEmpty }) { await Task.yield() }
    }

    func validate(_ request: TopologyRequest) async throws(ServiceError) -> ValidationReply {
        try note("validate \(request.file) \(request.text.count) \(request.variables)")
        await gate?.pass()
        return ValidationReply(name: "x", diagnostics: [])
    }

    func plan(_ request: TopologyRequest) async throws(ServiceError) -> PlanReply {
        try note("plan \(request.file)")
        await gate?.pass()
        return PlanReply(name: "x", datapath: "shared", steps: [Self.step], stays: ["nf count"])
    }

    func apply(
        _ request: ApplyRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
    ) async throws(ServiceError) -> ApplyReply {
        try note("apply \(request.topology.file) \(request.deadline.map(String.init(describing:)) ?? "-")")
        let padding = String(repeating: "x", count: size)
        for number in 0..<events {
            progress(
                size == 0
                    ? .proving(links: number)
                    : .failed(step: Self.step, count: number, milliseconds: 0, message: padding))
        }
        return ApplyReply(name: "x", outcome: .done, steps: [Self.step], milliseconds: 1.5, packetsLost: 0)
    }

    func down(
        _ request: DownRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
    ) async throws(ServiceError) -> ApplyReply {
        try note("down \(request.name)")
        return ApplyReply(name: request.name, outcome: .done)
    }

    func status(name: String?) async throws(ServiceError) -> StatusReport {
        try note("status \(name ?? "-")")
        return Self.report
    }

    func topologies() async throws(ServiceError) -> TopologyList {
        try note("topologies")
        return TopologyList(topologies: [])
    }

    func logs(_ request: LogRequest) async throws(ServiceError) -> LogReply {
        try note("logs \(request.name ?? "-") \(request.nf) \(request.offset.map(String.init) ?? "-")")
        return LogReply(name: request.name ?? "x", nf: request.nf, text: "line\n", next: 5)
    }

    func applied(name: String) async throws(ServiceError) -> AppliedTopology {
        try note("applied \(name)")
        return AppliedTopology(topology: Topology(name: name), file: "x.yaml", text: "version: 1\n", hosts: [])
    }
}

/// Closed until it is opened, then open for ever.
final class Gate: Sendable {
    private let (stream, continuation) = AsyncStream.makeStream(of: Never.self)

    func open() { continuation.finish() }

    func pass() async {
        for await _ in stream {}
    }
}
