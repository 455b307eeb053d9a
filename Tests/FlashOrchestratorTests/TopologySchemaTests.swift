// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import Testing

/// The JSON Schema says what the decoder says.
@Suite struct TopologySchemaTests {
    private let schema: [String: Any]

    init() throws {
        let text = try JSONText.encode(JSONSchema.topology(programs: ProgramCatalog.declarations))
        schema = try #require(JSONSerialization.jsonObject(with: Data(text)) as? [String: Any])
    }

    private func dig(_ path: String...) -> Any? {
        path.reduce(schema as Any?) { value, key in (value as? [String: Any])?[key] }
    }

    @Test func everyKeyIsThere() {
        #expect(
            Set((dig("properties") as? [String: Any] ?? [:]).keys) == Set(TopologySchema.file.fields.map(\.key)))
        #expect(
            Set((dig("$defs", "nf", "properties") as? [String: Any] ?? [:]).keys)
                == Set(TopologySchema.function.fields.map(\.key)))
        #expect(dig("required") as? [String] == ["version", "nfs", "links"])
        #expect(dig("additionalProperties") as? Bool == false)
        #expect(dig("properties", "nfs", "additionalProperties", "$ref") as? String == "#/$defs/nf")
    }

    @Test func configDependsOnTheProgram() throws {
        let rules = try #require(dig("$defs", "nf", "allOf") as? [[String: Any]])
        #expect(rules.count == ProgramCatalog.declarations.count)
        for (rule, program) in zip(rules, ProgramCatalog.declarations) {
            let text = String(decoding: try JSONSerialization.data(withJSONObject: rule), as: UTF8.self)
            #expect(text.contains("\"const\":\"\(program.name)\""))
            for parameter in program.parameters { #expect(text.contains("\"\(parameter.name)\":{")) }
        }
        let maglev = try #require(rules.firstIndex { "\($0)".contains("maglev") })
        #expect((rules[maglev]["then"] as? [String: Any])?["required"] as? [String] == ["config"])
    }

    /// Where Python's jsonschema would run, a validator's own words: ranges and words are the decoder's.
    @Test func rangesAreTheDecoders() {
        let text = "\(dig("$defs", "nf", "properties", "threads") ?? "")"
        #expect(text.contains("\(TopologySchema.threads.upperBound)"))
    }
}
