// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct ApplyTextTests {
    private let step = StepSummary(number: 3, kind: .create, subject: "nf firewall", reason: "new in the topology")

    private func create(_ subjects: String...) -> [StepSummary] {
        subjects.enumerated().map { StepSummary(number: $0 + 1, kind: .create, subject: $1, reason: "") }
    }

    @Test func lines() {
        #expect(ApplyText.line(.started(step: step, count: 12)) == nil)
        #expect(
            ApplyText.line(.done(step: step, count: 12, milliseconds: 12.2)) == "[ 3/12] + create nf firewall  12 ms")
        #expect(
            ApplyText.line(.failed(step: step, count: 12, milliseconds: 5000, message: "it was not ready in 5 s"))
                == "[ 3/12] failed: create nf firewall: it was not ready in 5 s")
        #expect(ApplyText.line(.proving(links: 0)) == nil)
        #expect(ApplyText.line(.proving(links: 7)) == "waiting until 7 links carry")
        #expect(ApplyText.line(.undone(step: step, milliseconds: 3)) == "undone: create nf firewall  3.0 ms")
    }

    @Test func activity() {
        #expect(ApplyText.activity(.started(step: step, count: 5)) == "[3/5] create nf firewall ...")
        #expect(ApplyText.activity(.done(step: step, count: 5, milliseconds: 1)) == nil)
    }

    @Test func applied() {
        var steps = create("umem", "nf a", "nf b", "queue lan:0", "link lan:0 -> a", "link a -> b", "host client")
        steps.append(StepSummary(number: 8, kind: .rewire, subject: "link b -> c", reason: ""))
        let reply = ApplyReply(name: "quickstart", outcome: .done, steps: steps, milliseconds: 412, packetsLost: 0)
        #expect(
            ApplyText.success(reply, operation: .apply)
                == "applied quickstart in 0.41 s: created 2 NFs, 2 links, 1 queue, 1 host, 1 UMEM; rewired 1 link; 0 packets lost"
        )
    }

    @Test func removed() {
        let steps = [StepSummary(number: 1, kind: .remove, subject: "nf a", reason: "")]
        let reply = ApplyReply(name: "x", outcome: .done, steps: steps, milliseconds: 40, packetsLost: 5)
        #expect(ApplyText.success(reply, operation: .down) == "removed x in 40 ms: 1 NF")
    }

    @Test func unchanged() {
        let reply = ApplyReply(name: "x", outcome: .unchanged)
        #expect(ApplyText.success(reply, operation: .apply) == "unchanged: x runs as the file says")
    }

    @Test func failed() {
        let failure = ApplyReply.Failure(step: step, message: "the worker exited", help: "see flash-orch logs firewall")
        let reply = ApplyReply(
            name: "x", outcome: .failed, steps: create("a", "b", "c", "d"), failure: failure)
        #expect(
            ApplyText.failure(reply, operation: .apply) == """
                error: apply of x failed at step 3 of 4, create nf firewall: the worker exited
                  help: see flash-orch logs firewall
                  what was done before is undone: everything runs as it did

                """)
    }

    @Test func rollbackFailed() {
        let failure = ApplyReply.Failure(step: nil, message: "link a -> b does not carry", rollback: ["nf a is gone"])
        let reply = ApplyReply(name: "x", outcome: .rollbackFailed, failure: failure)
        #expect(
            ApplyText.failure(reply, operation: .apply) == """
                error: apply of x failed: link a -> b does not carry
                  the way back failed too; run: flash-orch status x
                  - nf a is gone

                """)
    }
}
