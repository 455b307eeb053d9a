// SPDX-License-Identifier: Apache-2.0

import CFlashRuntime
import Foundation
import Testing

@testable import FlashOrchestrator
@testable import FlashRuntime

/// Workers in the place of others, on a host without a daemon.
@Suite(.serialized) struct SuccessorTests {
    /// Its threads had taken a port before it failed: nobody else could send there.
    @Test func whatASuccessorHoldsThatFailsWhileItStartsIsLetGo() throws {
        let folder = RuntimeFolder(path: "/tmp/flash-successor-\(getpid())")
        try folder.make(topology: "fss")
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        let program = try WorkerProcess.executable(DaemonHarness.workerPath)
        let host = LinuxHost(topology: "fss", folder: folder, program: program.rawValue)
        try host.createMemory(MemoryPlan(frames: 1024, frameSize: 2048, ringCapacity: 64))
        let function = FunctionID(name: "a")
        try host.start(
            function,
            FunctionPlan(function: Function(name: "a", program: "forward"), outputs: ["out"], isSource: false))
        let record = try host.requireFunction(function)
        let worker = try #require(record.worker)
        try worker.process.signal(SIGKILL)
        #expect(try worker.process.waitForExit(milliseconds: 5000))
        host.workerEnded(record, worker)
        #expect(record.worker == nil)

        let shared = try #require(host.shared)
        let port = shared.arena.port(3)
        flash_store_release(&port.pointee.send_lock, UInt32(record.threadIDs[0].rawValue) + 1)
        // No machine has that CPU.
        record.plan.function.cpus = [4000]
        host.startDue(record)
        #expect(record.worker == nil && record.retryAt != nil)
        #expect(flash_load_acquire(&port.pointee.send_lock) == 0)

        record.plan.function.cpus = []
        record.retryAt = host.now
        host.startDue(record)
        #expect(record.worker != nil)
        try host.stop(function)
    }
}
