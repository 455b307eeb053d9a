// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashOrchestrator

@Suite struct DaemonRestartPolicyTests {
    @Test func theFirstDeathIsAnsweredAtOnceLaterOnesMoreAndMoreSlowly() {
        var policy = RestartPolicy()
        let decisions = (0..<5).map { _ in policy.died(afterMilliseconds: 10) }
        #expect(
            decisions == [
                .restart(after: 0), .restart(after: 100), .restart(after: 200), .restart(after: 400), .giveUp,
            ])
    }

    @Test func aLongLifeMakesAFreshStart() {
        var policy = RestartPolicy()
        for _ in 0..<4 { _ = policy.died(afterMilliseconds: 10) }
        #expect(policy.died(afterMilliseconds: RestartPolicy.longLife) == .restart(after: 0))
        #expect(policy.died(afterMilliseconds: 10) == .restart(after: 100))
    }
}
