// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
internal import Logging

/// All that the daemon knows. Used by the supervisor's thread only.
final class DaemonState {
    let folder: RuntimeFolder
    let logger: Logger
    let since = MonotonicClock.timestamp()
    /// The worker's program file.
    let program: DescriptorBox
    var topologies: [String: ManagedTopology] = [:]
    /// Topologies of which an earlier daemon left a record that this one cannot read.
    var foreign: [String: ForeignRecord] = [:]
    /// Deals with events for some milliseconds.
    var pump: (Int) -> Void = { _ in }
    private var nextSample = MonotonicClock.now()
    private var isStarting = false

    /// Between two samples of the counters, in nanoseconds.
    private static let sampleInterval: UInt64 = 1_000_000_000

    init(folder: RuntimeFolder, program: DescriptorBox, logger: Logger) {
        self.folder = folder
        self.program = program
        self.logger = logger
    }

    /// A topology that nothing stands of yet.
    func makeTopology(_ source: AppliedSource, chain: Chain = Chain()) -> ManagedTopology {
        let host = LinuxHost(topology: source.name, folder: folder, program: program.descriptor.rawValue)
        host.pump = { [unowned self] in pump($0) }
        let managed = ManagedTopology(applied: source, host: host, executor: Executor(host: host, chain: chain))
        host.save = { [unowned managed, folder] host, chain throws(SystemError) in
            try managed.makeRecord(host, chain).write(to: folder)
        }
        return managed
    }

    // MARK: what the supervisor waits for

    var runningWorkers: [(host: LinuxHost, function: FunctionRecord, worker: WorkerRecord)] {
        topologies.values.flatMap { managed in
            managed.host.functions.values.compactMap { function in
                function.worker.map { (managed.host, function, $0) }
            }
        }
    }

    var acknowledgeEvents: [Int32] {
        topologies.values.compactMap { $0.host.acknowledge?.descriptor.rawValue }
    }

    var millisecondsToNextTimer: Int {
        if topologies.isEmpty { return 60_000 }
        var next = nextSample
        for managed in topologies.values {
            for function in managed.host.functions.values {
                if let retry = function.retryAt { next = min(next, retry) }
            }
        }
        let now = MonotonicClock.now()
        return next <= now ? 0 : Int((next - now) / 1_000_000) + 1
    }

    func runTimers() {
        startSuccessors()
        let now = MonotonicClock.now()
        guard nextSample <= now else { return }
        nextSample = now &+ Self.sampleInterval
        for managed in topologies.values {
            managed.sampler.take(managed.host)
            if managed.sampler.isFarFromRecord { managed.host.saveAgain() }
            for function in managed.host.functions.values { function.log.rotate() }
        }
    }

    /// One after the other: of workers that end while one is started, the successors wait for their turn.
    private func startSuccessors() {
        if isStarting { return }
        isStarting = true
        defer { isStarting = false }
        for managed in topologies.values {
            for function in managed.host.functions.values { managed.host.startDue(function) }
        }
    }

    /// The next daemon is to go on from what was counted.
    func keepTotals() {
        for managed in topologies.values {
            managed.sampler.take(managed.host)
            managed.host.saveAgain()
        }
    }

    // MARK: what the planner has to know

    func surroundings(for topology: String) -> Surroundings {
        var held: [String: String] = [:]
        for (name, managed) in topologies where name != topology {
            for interface in managed.executor.chain.interfaces.values { held[interface.device] = name }
        }
        return .current(held: held)
    }

    var holds: [MachineFacts.Hold] {
        topologies.flatMap { name, managed in
            managed.executor.chain.interfaces.values.map { MachineFacts.Hold(topology: name, device: $0.device) }
        }
    }

    func find(_ name: String) throws(ServiceError) -> ManagedTopology {
        if let record = foreign[name] { throw record.error }
        guard let managed = topologies[name] else {
            let names = topologies.keys.sorted().joined(separator: ", ")
            throw ServiceError(
                .notFound, "no topology \(name) is applied",
                help: names.isEmpty ? "nothing is applied" : "there are: \(names)")
        }
        return managed
    }
}
