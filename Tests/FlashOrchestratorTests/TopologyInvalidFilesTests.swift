// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing
import YAMLBridge

/// The files below `topologies/invalid`, each beside what `flash-orch validate` says of it, on the machine of
/// `TopologyFixtures`. With FLASH_RECORD=1 in the environment the expected texts are written anew: read the difference.
@Suite struct TopologyInvalidFilesTests {
    static let folder = "topologies/invalid"

    @Test func everyFileGivesExactlyTheExpectedText() throws {
        let files = try TopologyFixtures.files(in: Self.folder)
        #expect(files.count > 30)
        for file in files {
            let text = try [UInt8](Data(contentsOf: file))
            let path = "\(Self.folder)/\(file.lastPathComponent)"
            let (topology, diagnostics) = TopologyFile.decode(
                text: text, file: path, variables: [:], machine: TopologyFixtures.machine)
            let rendered = DiagnosticRenderer(file: path, text: text, colour: false).render(diagnostics)
            let expected = file.deletingPathExtension().appendingPathExtension("expected")
            if ProcessInfo.processInfo.environment["FLASH_RECORD"] == "1" {
                try Data(rendered.utf8).write(to: expected)
            }
            #expect(try String(decoding: Data(contentsOf: expected), as: UTF8.self) == rendered, "\(path)")
            let isWarning = file.lastPathComponent.hasPrefix("warning-")
            #expect((topology != nil) == isWarning, "\(path)")
            #expect(!diagnostics.isEmpty, "\(path)")
        }
    }

    @Test func everyKindOfFindingHasAFile() throws {
        var missing = Set(FindingCode.allCases)
        for file in try TopologyFixtures.files(in: Self.folder) {
            guard let root = YAMLDocument.parse([UInt8](try Data(contentsOf: file)), variables: [:]).root else {
                continue
            }
            let log = FindingLog()
            _ = TopologyDecoder(programs: .catalog, machine: TopologyFixtures.machine, log: log)
                .decode(root, file: file.path)
            missing.subtract(log.findings.map(\.code))
        }
        #expect(missing.isEmpty)
    }

    @Test func tooLargeDocumentIsRefusedBeforeItIsRead() {
        let text = [UInt8](repeating: UInt8(ascii: "#"), count: 4 * 1024 * 1024 + 1)
        let (topology, diagnostics) = TopologyFile.decode(
            text: text, file: "large.yaml", variables: [:], machine: .unknown)
        #expect(topology == nil)
        #expect(
            diagnostics.map(TopologyFixtures.describe) == ["error: the document has 4194305 bytes, more than 4194304"])
    }
}
