// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Testing

@testable import FlashOrchestrator

@Suite struct ExecutorTests {
    private func apply(_ topology: Topology?, on executor: Executor) throws -> Executor.Outcome {
        let plan = try Planner.plan(
            desired: topology, observed: executor.observe(), surroundings: Fixtures.flashSurroundings)
        return executor.run(plan, deadline: 1)
    }

    private func isDone(_ outcome: Executor.Outcome) -> Bool {
        if case .done = outcome { true } else { false }
    }

    @Test func applyChangeAndDown() throws {
        let host = FakeHost()
        let executor = Executor(host: host)
        var topology = Fixtures.quickstart()
        #expect(isDone(try apply(topology, on: executor)))
        #expect(host.differences(from: executor.chain).isEmpty)

        topology.functions.append(Fixtures.function("log"))
        topology.links =
            Fixtures.path("lan:0", "firewall", "log", "wan:0")
            + Fixtures.path("wan:0", "firewall", "count", "lan:0") + Fixtures.path("firewall[1]", "trash")
        #expect(isDone(try apply(topology, on: executor)))
        #expect(host.differences(from: executor.chain).isEmpty)
        #expect(host.restarts.isEmpty)

        #expect(isDone(try apply(nil, on: executor)))
        #expect(executor.chain.isEmpty)
        #expect(host.differences(from: Chain()).isEmpty)
        #expect(host.violations.isEmpty)
    }

    @Test func progressNamesEveryStep() throws {
        let executor = Executor(host: FakeHost())
        let plan = try Planner.plan(
            desired: Fixtures.quickstart(), observed: Observed(), surroundings: Fixtures.surroundings)
        var done: [StepSummary] = []
        _ = executor.run(plan, deadline: 1) { event in
            if case .done(let step, _, _) = event { done.append(step) }
        }
        #expect(done == plan.summaries)
    }

    @Test(arguments: UInt64(0)..<60) func anyTopologyBecomesAnyOther(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let host = FakeHost()
        let executor = Executor(host: host)
        for _ in 0..<3 {
            let outcome = try apply(.random(using: &generator, on: .of(seed)), on: executor)
            #expect(isDone(outcome), "\(outcome)")
            #expect(host.differences(from: executor.chain).isEmpty)
        }
        #expect(isDone(try apply(nil, on: executor)))
        #expect(host.differences(from: Chain()).isEmpty)
        #expect(host.violations.isEmpty)
    }

    /// Whatever call is refused, the old chain is back afterwards.
    @Test(arguments: UInt64(0)..<12) func aRefusedCallLeavesTheOldChain(seed: UInt64) throws {
        var call = 0
        while true {
            var generator = SeededGenerator(seed: seed)
            let host = FakeHost()
            let executor = Executor(host: host)
            _ = try apply(.random(using: &generator, on: .of(seed)), on: executor)
            let before = executor.chain
            host.refused = host.calls + call..<host.calls + call + 1
            let outcome = try apply(.random(using: &generator, on: .of(seed)), on: executor)
            #expect(host.violations.isEmpty)
            if isDone(outcome) {
                if host.calls <= host.refused.lowerBound { break }
            } else {
                guard case .failed = outcome else {
                    Issue.record("call \(call): \(outcome)")
                    break
                }
                #expect(executor.chain == before)
                #expect(host.differences(from: before).isEmpty, "call \(call)")
            }
            call += 11
        }
    }

    /// A step that is done and cannot be recorded is undone with those before it, whatever kind it is.
    @Test func aStepThatCannotBeRecordedIsUndone() throws {
        var step = 0
        while true {
            let host = FakeHost()
            let executor = Executor(host: host)
            host.unrecorded = step..<step + 1
            let plan = try Planner.plan(
                desired: Fixtures.quickstart(), observed: Observed(), surroundings: Fixtures.surroundings)
            let outcome = executor.run(plan, deadline: 1)
            #expect(host.violations.isEmpty)
            if step == plan.steps.count {
                #expect(isDone(outcome))
                return
            }
            guard case .failed(step, _) = outcome else {
                Issue.record("step \(step): \(outcome)")
                return
            }
            #expect(executor.chain.isEmpty && host.differences(from: Chain()).isEmpty, "step \(step)")
            step += 1
        }
    }

    /// Nor does a disk that stays full keep the old chain from coming back.
    @Test func aWayBackNeedsNoRecord() throws {
        let host = FakeHost()
        let executor = Executor(host: host)
        _ = try apply(Fixtures.quickstart(), on: executor)
        let before = executor.chain
        host.unrecorded = 0..<10_000
        var topology = Fixtures.quickstart()
        topology.functions.append(Fixtures.function("log"))
        topology.links =
            Fixtures.path("lan:0", "firewall", "log", "wan:0")
            + Fixtures.path("wan:0", "firewall", "count", "lan:0") + Fixtures.path("firewall[1]", "trash")
        guard case .failed(0, let error) = try apply(topology, on: executor) else {
            Issue.record("it did not fail")
            return
        }
        #expect(error.message == "record refused")
        #expect(executor.chain == before && host.differences(from: before).isEmpty)
    }

    @Test func aThreadThatTakesNoTableFailsTheStepAndIsReplaced() throws {
        let host = FakeHost()
        let executor = Executor(host: host)
        _ = try apply(Fixtures.quickstart(), on: executor)
        let before = executor.chain
        let count = FunctionID(name: "count")
        host.deaf = [ThreadKey(function: count, index: 0)]
        var topology = Fixtures.quickstart()
        topology.links =
            Fixtures.path("lan:0", "count", "firewall", "wan:0")
            + Fixtures.path("wan:0", "count", "firewall", "lan:0") + Fixtures.path("firewall[1]", "trash")
        guard case .failed(_?, let error) = try apply(topology, on: executor) else {
            Issue.record("it did not fail")
            return
        }
        #expect(error.message == "nf count did not take its new table, not within 1 s")
        #expect(host.restarts == [count])
        #expect(host.differences(from: before).isEmpty)
    }

    @Test func aWayBackThatFailsSaysSo() throws {
        let host = FakeHost()
        let executor = Executor(host: host)
        host.refused = 5..<1000
        guard case .rollbackFailed(_, _, let problems) = try apply(Fixtures.quickstart(), on: executor) else {
            Issue.record("it did not fail")
            return
        }
        #expect(!problems.isEmpty)
    }

    @Test func whatIsBrokenIsMadeAgain() throws {
        let host = FakeHost()
        let executor = Executor(host: host)
        _ = try apply(Fixtures.quickstart(), on: executor)
        host.brokenInterfaces = ["lan"]
        let plan = try Planner.plan(
            desired: Fixtures.quickstart(), observed: executor.observe(), surroundings: Fixtures.surroundings)
        #expect(plan.steps.contains { $0.kind == .recreate && $0.reason == "its program is not attached" })
        #expect(isDone(executor.run(plan, deadline: 1)))
        // Not of what the host does by itself from then on.
        #expect(host.deadline == Executor.stepDeadline)
        #expect(host.differences(from: executor.chain).isEmpty)
        #expect(executor.observe().faults.isEmpty)
    }

    @Test func aRuleThatSomebodyElseWroteIsWrittenAgain() throws {
        let host = FakeHost()
        let executor = Executor(host: host)
        _ = try apply(Fixtures.quickstart(on: .flash), on: executor)
        let port = try #require(executor.chain.ports.min())
        host.strayPorts = [port]
        let plan = try Planner.plan(
            desired: Fixtures.quickstart(on: .flash), observed: executor.observe(),
            surroundings: Fixtures.flashSurroundings)
        #expect(
            plan.steps == [Step(.rewire, .port(port, from: true, to: true), reason: "its rule is another")])
        #expect(isDone(executor.run(plan, deadline: 1)))
        #expect(host.rewired == [port])
        #expect(executor.observe().faults.isEmpty)
        #expect(host.violations.isEmpty)
    }

    @Test func aChainGoesFromOneDatapathToTheOther() throws {
        let host = FakeHost()
        let executor = Executor(host: host)
        for datapath in [DatapathChoice.shared, .flash, .shared] {
            #expect(isDone(try apply(Fixtures.quickstart(on: datapath), on: executor)))
            #expect(host.differences(from: executor.chain).isEmpty)
            #expect(executor.chain.ports.isEmpty == (datapath == .shared))
        }
        #expect(host.violations.isEmpty)
    }
}
