// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import FlashOrchestrator

@Suite struct DaemonFilesTests {
    private func withFolder(_ body: (RuntimeFolder) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.path + "/flash-files-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(RuntimeFolder(path: path))
    }

    @Test func aRecordIsReadAsItWasWritten() throws {
        try withFolder { folder in
            let topology = Fixtures.quickstart()
            var record = TopologyRecord(
                source: AppliedSource(
                    topology: topology, name: topology.name, file: "q.yaml", text: "text", since: "now"))
            record.chain = try Planner.plan(
                desired: topology, observed: Observed(), surroundings: Fixtures.surroundings
            ).result
            record.isApplying = true
            try folder.make(topology: topology.name)
            try record.write(to: folder)
            #expect(folder.recordedTopologies() == [topology.name])
            let read = try TopologyRecord.read(topology.name, from: folder)
            #expect(read.chain == record.chain)
            #expect(read.source == record.source)
            #expect(read.isApplying == true)
            let mode = try FileManager.default.attributesOfItem(atPath: folder.stateFile(of: topology.name))
            #expect(mode[.posixPermissions] as? Int == 0o600)
            folder.remove(topology: topology.name)
            #expect(folder.recordedTopologies().isEmpty)
        }
    }

    @Test func aRecordThatIsNoneIsNotRead() throws {
        try withFolder { folder in
            try folder.make(topology: "t")
            try folder.write(Array("{".utf8), to: folder.stateFile(of: "t"))
            #expect(throws: ForeignRecord.self) { try TopologyRecord.read("t", from: folder) }
            #expect(throws: ForeignRecord.self) { try TopologyRecord.read("other", from: folder) }
        }
    }

    @Test func oneDaemonHoldsTheLock() throws {
        try withFolder { folder in
            let first = try DaemonLock(folder)
            #expect(throws: (any Error).self) { _ = try DaemonLock(folder) }
            withExtendedLifetime(first) {}
        }
    }

    @Test func aLongLogKeepsItsNewerHalf() throws {
        try withFolder { folder in
            try folder.make(topology: "t")
            let log = WorkerLog(path: folder.log(of: "a", in: "t"))
            let lines = (0..<40_000).map { "line \($0) of a worker that has much to say\n" }.joined()
            try folder.write(Array(lines.utf8), to: log.path)
            #expect(log.size > WorkerLog.limit)
            log.rotate()
            #expect(log.size <= WorkerLog.limit / 2)
            #expect(log.tail(1) == ["line 39999 of a worker that has much to say"])
            log.note("one more")
            #expect(log.tail(1) == ["flash-orch: one more"])
            let first = try String(decoding: log.read(from: 0, limit: 5), as: UTF8.self)
            #expect(first == "line ")
        }
    }
}
