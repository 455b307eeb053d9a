// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct ProgressLineTests {
    private static let step = StepSummary(number: 1, kind: .create, subject: "nf a", reason: "new")
    private static let plan = PlanReply(name: "x", datapath: "shared", steps: [step], stays: [])
    private static let lines: [ProgressLine] = [
        .event(.planned(plan)), .event(.started(step: step, count: 3)),
        .event(.done(step: step, count: 3, milliseconds: 1.5)),
        .event(.failed(step: step, count: 3, milliseconds: 1.5, message: "no")), .event(.proving(links: 2)),
        .event(.undone(step: step, milliseconds: 2)), .reply(ApplyReply(name: "x", outcome: .failed)),
        .error(ServiceError(.conflict, "held")),
    ]

    @Test(arguments: lines)
    func passesTheWire(line: ProgressLine) throws {
        #expect(try JSONText.decode(ProgressLine.self, from: JSONText.encode(line)) == line)
    }

    @Test func hasTheDocumentedShape() throws {
        let step = #""step":{"kind":"create","number":1,"reason":"new","subject":"nf a"}"#
        let texts = try Self.lines.map { String(decoding: try JSONText.encode($0), as: UTF8.self) }
        #expect(texts[1] == #"{"count":3,"event":"started",\#(step)}"#)
        #expect(texts[2] == #"{"count":3,"event":"done","milliseconds":1.5,\#(step)}"#)
        #expect(texts[3] == #"{"count":3,"event":"failed","message":"no","milliseconds":1.5,\#(step)}"#)
        #expect(texts[4] == #"{"event":"proving","links":2}"#)
    }

    @Test(arguments: ["{}", #"{"event":"new"}"#, #"{"event":"done"}"#, "[]", ""])
    func otherTextIsRefused(text: String) {
        #expect(throws: (any Error).self) { try JSONText.decode(ProgressLine.self, from: Array(text.utf8)) }
    }
}
