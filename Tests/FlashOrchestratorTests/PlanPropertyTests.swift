// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashOrchestrator

/// Properties of plans between random topologies; each case is a seed.
@Suite struct PlanPropertyTests {
    struct Pair {
        var before: Chain
        var plan: Plan

        init(seed: UInt64) throws {
            var generator = SeededGenerator(seed: seed)
            let first = Topology.random(using: &generator, on: .of(seed))
            let second = Topology.random(using: &generator, on: .of(seed))
            let empty = Observed(freeFrames: 0)
            before = try Planner.plan(desired: first, observed: empty, surroundings: Fixtures.flashSurroundings).result
            let observed = Observed(chain: before, freeFrames: Int.random(in: 0...100_000, using: &generator))
            plan = try Planner.plan(desired: second, observed: observed, surroundings: Fixtures.flashSurroundings)
        }
    }

    @Test(arguments: UInt64(0)..<200) func stepsLeadToTheDesiredChain(seed: UInt64) throws {
        let pair = try Pair(seed: seed)
        #expect(pair.before.applying(pair.plan.steps) == pair.plan.result)
    }

    @Test(arguments: UInt64(0)..<200) func planningAfterSuccessFindsNothing(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        _ = Topology.random(using: &generator, on: .of(seed))
        let second = Topology.random(using: &generator, on: .of(seed))
        let pair = try Pair(seed: seed)
        let again = try Planner.plan(
            desired: second, observed: Observed(chain: pair.plan.result, freeFrames: 0),
            surroundings: Fixtures.flashSurroundings)
        #expect(again.steps.isEmpty)
    }

    @Test(arguments: UInt64(0)..<200) func undoingAnyPrefixLeadsBack(seed: UInt64) throws {
        let pair = try Pair(seed: seed)
        for length in 0...pair.plan.steps.count {
            let prefix = pair.plan.steps.prefix(length)
            let there = pair.before.applying(Array(prefix))
            #expect(there.applying(prefix.reversed().map(\.undo)) == pair.before)
        }
    }

    @Test(arguments: UInt64(0)..<200) func everyHopJoinsWhatExists(seed: UInt64) throws {
        let pair = try Pair(seed: seed)
        var chain = pair.before
        for step in pair.plan.steps {
            chain.apply(step.change)
            #expect(chain.danglingHops.isEmpty, "after \(step)")
        }
        for step in pair.plan.steps.reversed() {
            chain.apply(step.undo.change)
            #expect(chain.danglingHops.isEmpty, "after \(step.undo)")
        }
    }

    /// A packet that enters at a queue goes on to where the path ends before or after the change, not to an NF in the
    /// middle that has nowhere to send it; but for what is displaced.
    @Test(arguments: UInt64(0)..<200) func packetsAlwaysFindAWayOut(seed: UInt64) throws {
        let pair = try Pair(seed: seed)
        if pair.plan.steps.contains(where: { $0.kind == .recreate && !$0.isFunction }) { return }
        var chain = pair.before
        let ends = chain.ends.union(pair.plan.result.ends)
        for step in pair.plan.steps {
            chain.apply(step.change)
            #expect(chain.ends.subtracting(ends).isEmpty, "after \(step)")
        }
    }
}

extension DatapathChoice {
    /// Every other seed is of a chain through sockets.
    static func of(_ seed: UInt64) -> DatapathChoice { seed % 2 == 0 ? .shared : .flash }
}

extension Step {
    var isFunction: Bool {
        if case .function = change { true } else { false }
    }
}

extension Chain {
    var danglingHops: [Hop] {
        links.values.flatMap(\.hops).filter { !exists($0.source) || !exists($0.target) }
    }

    private func exists(_ end: HopEnd) -> Bool {
        switch end {
        case .queue(let queue): queues.contains(queue) && interfaces[queue.interface] != nil
        case .thread(let thread): thread.index < (functions[thread.function]?.function.threads ?? 0)
        }
    }

    /// Where packets from queues end by their default way: an NF that does not send on, by its name and the path.
    var ends: Set<LinkSource> {
        var result: Set<LinkSource> = []
        for source in links.keys where source.function == nil {
            var reached: [(LinkSource, ThreadKey)] = []
            var seen: Set<RingKey> = []
            for hop in links[source]?.hops ?? [] {
                if let thread = hop.target.thread {
                    reached.append((source.following(function: thread.function.name, visit: hop.visit), thread))
                }
            }
            while let (next, thread) = reached.popLast() {
                let hops = (links[next]?.hops ?? []).filter { $0.source == .thread(thread) }
                if hops.isEmpty { result.insert(next) }
                for hop in hops {
                    guard let target = hop.target.thread,
                        seen.insert(RingKey(link: next, source: thread, target: target, visit: hop.visit)).inserted
                    else { continue }
                    reached.append((next.following(function: target.function.name, visit: hop.visit), target))
                }
            }
        }
        return result
    }
}
