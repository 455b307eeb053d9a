// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc
import Testing

/// Worker processes over the shared datapath of one topology, put together by hand.
final class WorkerFleet {
    struct Worker {
        var program: String
        var configuration: ProgramConfiguration
        var threads: [ThreadID]
        var thread: ThreadID { threads[0] }
        var control: WorkerControl
        var process: Boxed
        var ports: [PortID: Int32] = [:]
        var table = ThreadTable()
    }

    final class Boxed {
        let handle: ProcessHandle

        init(_ handle: consuming ProcessHandle) { self.handle = handle }
    }

    let datapath: SharedDatapath
    private(set) var workers: [Worker] = []
    private let acknowledge: OwnedDescriptor
    private let log: OwnedDescriptor
    private let executable: OwnedDescriptor

    init(frames: Int) throws {
        datapath = try SharedDatapath.create(frameCount: frames, frameSize: 2048)
        acknowledge = try OwnedDescriptor.event()
        log = try OwnedDescriptor.duplicate(2)
        executable = try WorkerProcess.executable(builtProgram("flash-nf"))
    }

    deinit {
        for worker in workers {
            _ = try? worker.process.handle.signal(SIGKILL)
            _ = try? worker.process.handle.waitForExit(milliseconds: 2000)
        }
    }

    /// Starts a worker that does not run yet. Tables and events are for its first thread. Returns its number.
    func add(_ program: String, _ configuration: [String: ParameterValue] = [:], threads count: Int = 1) throws -> Int {
        let threads = try (0..<count).map { _ in try datapath.addThread() }
        let configuration = ProgramConfiguration(configuration)
        let (process, control) = try spawn(program, configuration, threads: threads)
        workers.append(
            Worker(
                program: program, configuration: configuration, threads: threads, control: control, process: process))
        return workers.count - 1
    }

    private func spawn(
        _ program: String, _ configuration: ProgramConfiguration, threads: [ThreadID]
    ) throws -> (Boxed, WorkerControl) {
        let pair = try OwnedDescriptor.socketPair()
        let process = try WorkerProcess(
            executable: executable.rawValue, arguments: ["flash-nf", program], control: pair.first.rawValue,
            daemonEnd: pair.second.rawValue, log: log.rawValue
        ).spawn()
        let control = WorkerControl(try pair.second.duplicate())
        try control.start(
            program: program, configuration: configuration, threads: threads, memory: datapath.memoryDescriptor,
            arena: datapath.arenaDescriptor, acknowledgeEvent: acknowledge.rawValue)
        return (Boxed(process), control)
    }

    func ring(from: Int, to: Int, capacity: Int = 256) throws -> RingID {
        try datapath.addRing(from: workers[from].thread, to: workers[to].thread, capacity: capacity)
    }

    /// Gives a worker its table, and first what the table needs.
    func setTable(_ table: ThreadTable, of number: Int, ports: [PortID: Int32] = [:]) throws {
        workers[number].table = table
        workers[number].ports = ports
        try equip(number)
        _ = try datapath.setTable(table, of: workers[number].thread)
    }

    private func equip(_ number: Int) throws {
        let worker = workers[number]
        for other in workers { try worker.control.give(peer: other.thread, event: datapath.event(of: other.thread)) }
        for (port, socket) in worker.ports { try worker.control.give(port: port, socket: socket) }
    }

    func run(_ number: Int) throws { try workers[number].control.run() }

    /// kill -9, and a successor in the same place.
    func replace(_ number: Int) throws {
        let old = workers[number]
        _ = try old.process.handle.signal(SIGKILL)
        #expect(try old.process.handle.waitForExit(milliseconds: 2000))
        datapath.recover(old.thread)
        let (process, control) = try spawn(old.program, old.configuration, threads: old.threads)
        workers[number].process = process
        workers[number].control = control
        try equip(number)
        try run(number)
    }

    func counters(_ number: Int) -> ThreadCounters { datapath.counters(workers[number].thread, programCounters: 8) }

    /// Waits, for 20 seconds at most, until something holds.
    func until(_ comment: Comment, _ condition: () throws -> Bool) throws {
        let deadline = Clock.now() + 20_000_000_000
        while try !condition() {
            try #require(Clock.now() < deadline, comment)
            var entry = pollfd(fd: acknowledge.rawValue, events: Int16(POLLIN), revents: 0)
            poll(&entry, 1, 2)
            var value: UInt64 = 0
            read(acknowledge.rawValue, &value, 8)
        }
    }

    /// Has all threads finish their batches, so that the frames can be counted.
    func pause() throws {
        for worker in workers { datapath.requestMode(.pause, of: worker.thread) }
        try until("threads pause") { workers.allSatisfy { datapath.acknowledgedMode($0.thread) == .pause } }
    }
}

/// A program that the build has put beside these tests.
func builtProgram(_ name: String) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let path = String(decoding: buffer.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/" + name
}
