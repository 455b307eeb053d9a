// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing

@Suite struct DocumentationTests {
    private func document(_ name: String) throws -> String {
        try String(contentsOfFile: Programs.sources + "/" + name, encoding: .utf8)
    }

    @Test func programsAreDocumentedAsTheyDeclareThemselves() async throws {
        let made = try await run([Programs.sources + "/packaging/programs-md", Programs.flashOrch]).expecting().output
        #expect(try document("docs/programs.md") == made, "make docs writes it")
    }

    @Test(arguments: ["README.md", "docs/topology.md"])
    func topologiesInDocumentsAreValid(name: String) async throws {
        for example in try document(name).matches(of: /```yaml\n((?:.|\n)*?)```/) {
            let result = try await run([Programs.flashOrch, "validate", "-"], input: String(example.1))
            #expect(result.output == "ok\n", "\(result)")
        }
    }

    @Test(arguments: ["README.md", "docs/cli.md", "docs/json.md", "docs/topology.md", "docs/programs.md"])
    func linksLeadSomewhere(name: String) throws {
        let folder = URL(filePath: Programs.sources + "/" + name).deletingLastPathComponent()
        for link in try document(name).matches(of: /\]\(([^)#:]+)(?:#[^)]*)?\)/) {
            let path = folder.appending(path: String(link.1)).path
            #expect(FileManager.default.fileExists(atPath: path), "\(link.1)")
        }
    }
}
