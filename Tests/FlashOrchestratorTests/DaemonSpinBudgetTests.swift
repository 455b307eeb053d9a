// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashOrchestrator

@Suite struct DaemonSpinBudgetTests {
    private func nf(_ name: String, threads: Int = 1, cpus: [Int] = [], wait: Function.Wait = .adaptive) -> Function {
        Function(name: name, program: "forward", threads: threads, cpus: cpus, wait: wait)
    }

    private func budgets(_ functions: [Function], cpuCount: Int = 2) -> [[UInt64?]] {
        functions.map { SpinBudget.budgets(of: $0, among: functions, cpuCount: cpuCount) }
    }

    @Test func aThreadWithACPUForItselfSpins() {
        #expect(budgets([nf("a", cpus: [0]), nf("b", cpus: [1])]) == [[50_000], [50_000]])
        #expect(budgets([nf("a"), nf("b")]) == [[50_000], [50_000]])
    }

    @Test func threadsThatShareACPUSleepAtOnce() {
        #expect(budgets([nf("a", cpus: [0]), nf("b", cpus: [1]), nf("c", cpus: [0])]) == [[0], [50_000], [0]])
        #expect(budgets([nf("a", threads: 3, cpus: [0, 1])]) == [[0, 50_000, 0]])
        #expect(budgets([nf("a"), nf("b"), nf("c")]) == [[0], [0], [0]])
    }

    @Test func theFileMaySayOtherwise() {
        #expect(budgets([nf("a", wait: .busy), nf("b", wait: .sleep)], cpuCount: 8) == [[nil], [0]])
    }
}
