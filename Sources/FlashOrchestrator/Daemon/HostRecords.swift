// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// The program on a device.
final class ProgramRecord {
    let program: XDPProgram
    /// By which the next daemon finds its link.
    let linkIdentity: DescriptorIdentity?

    init(_ program: consuming XDPProgram) {
        linkIdentity = program.link.identity
        self.program = program
    }
}

/// The socket on a queue, and its port.
final class QueueRecord {
    let queue: QueueID
    let port: PortID
    let socket: XDPSocket
    /// By which the next daemon finds its socket.
    let socketIdentity: DescriptorIdentity?
    /// The interface's program leads to the socket.
    var isDelivered = false

    init(queue: QueueID, port: PortID, socket: consuming XDPSocket) {
        self.queue = queue
        self.port = port
        socketIdentity = socket.descriptor.identity
        self.socket = socket
    }

    /// Packets that the socket had no room for.
    var lost: UInt64 {
        guard let statistics = try? XDPSocket.statistics(socket.descriptor.rawValue) else { return 0 }
        return statistics.rxDropped &+ statistics.rxRingFull
    }
}

/// A worker process.
final class WorkerRecord {
    let process: ProcessHandle
    let control: WorkerControl
    /// When it was started, in nanoseconds of the monotonic clock, and as a time of day.
    let started: UInt64
    let since: String
    /// The threads whose events it has, and the ports whose sockets.
    var events: Set<ThreadID> = []
    var ports: Set<PortID> = []

    init(process: consuming ProcessHandle, control: WorkerControl, started: UInt64, since: String) {
        self.process = process
        self.control = control
        self.started = started
        self.since = since
    }
}

/// An NF on this machine: its threads in the arena, and the worker that runs them now.
final class FunctionRecord {
    struct Thread {
        var id: ThreadID
        /// Frames that the program fills, if it is a source.
        var frames: RingID?
    }

    let function: FunctionID
    var plan: FunctionPlan
    var threads: [Thread]
    let log: WorkerLog
    var worker: WorkerRecord?
    var policy = RestartPolicy()
    var restarts = 0
    /// When the next worker is to be started; nil: not at all.
    var retryAt: UInt64?
    /// No worker comes any more.
    var isFailed = false
    /// Its worker ends because it was asked to: nobody comes in its place.
    var isStopping = false
    /// How its last worker ended.
    var lastExit: String?

    init(function: FunctionID, plan: FunctionPlan, threads: [Thread], log: WorkerLog) {
        self.function = function
        self.plan = plan
        self.threads = threads
        self.log = log
    }

    var threadIDs: [ThreadID] { threads.map(\.id) }

    func key(_ index: Int) -> ThreadKey { ThreadKey(function: function, index: index) }

    var state: FunctionState {
        if worker != nil { return .running }
        return isFailed ? .failed : .waiting
    }

    /// As a clause; nil where a worker runs.
    var fault: String? {
        if let worker {
            guard (try? worker.process.statistics())?.isStopped == true else { return nil }
            return "its worker \(worker.process.identifier) was stopped by a signal"
        }
        let exit = lastExit.map { " (\($0))" } ?? ""
        return isFailed ? "its worker has ended too often\(exit)" : "its worker is not running\(exit)"
    }
}
