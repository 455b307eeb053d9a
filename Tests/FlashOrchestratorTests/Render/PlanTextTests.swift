// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct PlanTextTests {
    static let steps = [
        StepSummary(number: 1, kind: .create, subject: "nf firewall", reason: "new in the topology"),
        StepSummary(number: 2, kind: .rewire, subject: "link lan:0 -> firewall", reason: "led to count"),
        StepSummary(number: 3, kind: .recreate, subject: "umem", reason: "frames 1024 -> 2048"),
        StepSummary(number: 4, kind: .remove, subject: "nf old", reason: "not in the topology any more"),
    ]

    @Test func stepsWithSymbolsAndReasons() {
        let plan = PlanReply(
            name: "quickstart", datapath: "shared", steps: Self.steps, stays: ["nf count", "queue lan:0"])
        #expect(
            PlanText.text(plan) == """
                plan of quickstart, shared datapath:
                  + create nf firewall             (new in the topology)
                  ~ rewire link lan:0 -> firewall  (led to count)
                -/+ recreate umem                  (frames 1024 -> 2048)
                  - remove nf old                  (not in the topology any more)
                4 steps: 1 to create, 1 to rewire, 1 to recreate, 1 to remove; 2 stay as they are: nf count, queue lan:0

                """)
    }

    @Test func whyAutoIsSharedMemory() {
        let plan = PlanReply(
            name: "x", datapath: "shared", fallback: "it is read-only", steps: [Self.steps[0]], stays: [])
        #expect(PlanText.text(plan).hasPrefix("plan of x, shared datapath (auto: it is read-only):\n"))
    }

    @Test func longListOfWhatStaysIsCut() {
        let stays = (1...11).map { "nf n\($0)" }
        let plan = PlanReply(name: "x", datapath: "shared", steps: [Self.steps[0]], stays: stays)
        #expect(
            PlanText.text(plan).hasSuffix(
                "1 step: 1 to create; 11 stay as they are: nf n1, nf n2, nf n3, nf n4, nf n5, nf n6, nf n7, nf n8, and 3 more\n"
            ))
    }

    @Test func nothingToDo() {
        let plan = PlanReply(name: "quickstart", datapath: "shared", steps: [], stays: ["nf count"])
        #expect(PlanText.text(plan) == "nothing to do: quickstart runs as the file says\n")
    }

    @Test func colours() {
        let plan = PlanReply(name: "x", datapath: "shared", steps: [Self.steps[3]], stays: [])
        #expect(
            PlanText.text(plan, style: .colored).contains(
                "\u{1B}[31m  -\u{1B}[0m remove nf old  \u{1B}[2m(not in the topology any more)\u{1B}[0m\n"))
    }
}
