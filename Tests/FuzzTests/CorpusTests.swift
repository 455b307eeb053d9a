// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzTargets
import Testing

/// What libFuzzer found in the past stays harmless. (`Tests/Fuzz/run` goes on from there.)
@Suite("Fuzz corpus", .serialized)
struct CorpusTests {
    @Test("every input that is kept runs through its target", arguments: FuzzTarget.allCases)
    func replay(target: FuzzTarget) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fuzz/Corpus/\(target.rawValue)").standardizedFileURL
        let inputs = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!inputs.isEmpty)
        for input in inputs { target.run(Array(try Data(contentsOf: input))) }
    }
}
