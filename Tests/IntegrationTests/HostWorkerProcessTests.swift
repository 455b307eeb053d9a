// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc
import Testing

/// A worker of the test program `flash-host-probe`, with the test's ends of its descriptors.
struct ProbeWorker: ~Copyable {
    let process: ProcessHandle
    let control: OwnedDescriptor
    private let log: OwnedDescriptor

    static var path: String {
        get throws {
            var buffer = [CChar](repeating: 0, count: 4096)
            let length = readlink("/proc/self/exe", &buffer, buffer.count)
            let folder = String(decoding: buffer[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split(separator: "/").dropLast().joined(separator: "/")
            return "/\(folder)/flash-host-probe"
        }
    }

    init(_ action: String) throws {
        let control = try OwnedDescriptor.socketPair()
        let log = try OwnedDescriptor.temporary()
        let executable = try WorkerProcess.executable(Self.path)
        let process = try WorkerProcess(
            executable: executable.rawValue, arguments: ["flash-host-probe", action],
            control: control.second.rawValue, daemonEnd: control.first.rawValue, log: log.rawValue
        ).spawn()
        let ownControl = try control.first.duplicate()
        self.process = process
        self.control = ownControl
        self.log = log
    }

    deinit {
        _ = try? process.signal(SIGKILL)
        _ = try? process.waitForExit(milliseconds: 5000)
        _ = try? process.exitStatus()
    }

    /// Waits until the worker has entered its confinement.
    func awaitConfinement() throws {
        var byte: UInt8 = 0
        try #require(read(control.rawValue, &byte, 1) == 1, "\(logText())")
    }

    /// Lets the worker do its action, and waits for its end.
    func finish() throws -> ProcessExit? {
        var byte: UInt8 = 1
        try #require(write(control.rawValue, &byte, 1) == 1)
        let ended = try process.waitForExit(milliseconds: 10_000)
        try #require(ended)
        return try process.exitStatus()
    }

    func logText() -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let length = pread(log.rawValue, &bytes, bytes.count, 0)
        return String(decoding: bytes[..<max(0, length)], as: UTF8.self)
    }

    var logSize: Int { Int(lseek(log.rawValue, 0, SEEK_END)) }

    /// `Name: value` lines of /proc/PID/status.
    func status() throws -> [String: String] {
        var values: [String: String] = [:]
        for line in try SystemFile.read("/proc/\(process.identifier)/status").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            values[String(parts[0])] = parts[1].split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        return values
    }
}

extension OwnedDescriptor {
    /// A file without a name, for logs of tests.
    static func temporary() throws -> OwnedDescriptor {
        var template = Array("/tmp/flash-host-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        try #require(descriptor >= 0)
        unlink(template)
        return OwnedDescriptor(taking: descriptor)
    }
}

@Suite(.serialized) struct HostWorkerProcessTests {
    @Test func holdsNothingButWhatItWasGiven() throws {
        let worker = try ProbeWorker("work")
        try worker.awaitConfinement()
        let status = try worker.status()
        let none = "0000000000000000"
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] { #expect(status[set] == none, "\(set)") }
        #expect(status["NoNewPrivs"] == "1")
        #expect(status["Seccomp"] == "2")
        #expect(status["Uid"] == "65534 65534 65534 65534")
        #expect(status["Gid"] == "65534 65534 65534 65534")
        #expect(status["Groups"] == "")
        #expect(status["SigBlk"] == none)
        // SIGXFSZ alone: a log that is full is no death.
        #expect(status["SigIgn"] == "0000000001000000")
        let descriptors = SystemFile.names(in: "/proc/\(worker.process.identifier)/fd")
        #expect(descriptors == ["0", "1", "2", "3", "4"])
        let core = try SystemFile.read("/proc/\(worker.process.identifier)/limits").split(separator: "\n")
            .first { $0.hasPrefix("Max core file size") }?.split(whereSeparator: \.isWhitespace)
        #expect(core?.dropFirst(4).prefix(2) == ["0", "0"])
        // Of a session of its own: it does not go down with the terminal of its daemon.
        #expect(getsid(worker.process.identifier) == worker.process.identifier)
        let end = try worker.finish()
        #expect(end == .exited(0))
        #expect(worker.logText() == "worked: 4194305 bytes, 1\n")
    }

    @Test(arguments: ["open", "socket", "fork", "executable"])
    func isKilledForWhatItMayNotDo(action: String) throws {
        let worker = try ProbeWorker(action)
        try worker.awaitConfinement()
        let end = try worker.finish()
        #expect(end == .signalled(SIGSYS))
    }

    @Test func showsItsOwnSignalWhenItAborts() throws {
        let worker = try ProbeWorker("abort")
        try worker.awaitConfinement()
        let end = try worker.finish()
        #expect(end == .signalled(SIGABRT))
    }

    /// Both end by themselves where they come upon no limit.
    @Test(arguments: ["log", "memory"])
    func isBounded(what: String) throws {
        let worker = try ProbeWorker(what)
        try worker.awaitConfinement()
        let end = try worker.finish()
        #expect(end == .exited(0))
        if what == "log" { #expect(worker.logSize == WorkerProcess.logLimit) }
    }

    @Test func descriptorsAreTakenBackFromAConfinedWorker() throws {
        let worker = try ProbeWorker("work")
        try worker.awaitConfinement()
        // Descriptor 4 is the daemon's end: what is written there arrives at the worker.
        let found = try ProcessHandle.open(
            identifier: worker.process.identifier, startTime: worker.process.startTime)
        let end = try found.copyDescriptor(4)
        var byte: UInt8 = 1
        #expect(write(end.rawValue, &byte, 1) == 1)
        let ended = try worker.process.waitForExit(milliseconds: 10_000)
        #expect(ended)
        #expect(throws: SystemError.self) { _ = try found.copyDescriptor(4) }
        let (alive, signalled) = (found.isAlive, try found.signal(SIGTERM))
        #expect(!alive && !signalled)
        let exits = [try worker.process.exitStatus(), try worker.process.exitStatus()]
        #expect(exits == [.exited(0), .unknown])
    }

    @Test func anotherProcessOfTheSameNumberIsNotTaken() throws {
        #expect {
            _ = try ProcessHandle.open(identifier: getpid(), startTime: 1)
        } throws: { ($0 as? SystemError)?.code == ESRCH }
        let own = try ProcessHandle.open(identifier: getpid())
        let (alive, statistics) = (own.isAlive, try own.statistics())
        #expect(alive)
        #expect(statistics.residentBytes > 1 << 20)
    }

    @Test func failureToExecuteIsReported() throws {
        let pair = try OwnedDescriptor.socketPair()
        let control = pair.first.rawValue
        let text = try WorkerProcess.executable("/etc/passwd")
        #expect(throws: SystemError(call: "execveat", code: EACCES, context: "nothing")) {
            _ = try WorkerProcess(
                executable: text.rawValue, arguments: ["nothing"], control: control, daemonEnd: control, log: control
            ).spawn()
        }
    }

    @Test func affinityIsSetByThread() throws {
        let worker = try ProbeWorker("work")
        try worker.awaitConfinement()
        try Affinity.set(thread: worker.process.identifier, cpus: [0])
        #expect(try worker.status()["Cpus_allowed_list"] == "0")
        #expect(throws: SystemError.self) { try Affinity.set(thread: worker.process.identifier, cpus: [4000]) }
    }
}
