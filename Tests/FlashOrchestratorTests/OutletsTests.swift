// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashOrchestrator

@Suite struct OutletsTests {
    private func port(_ name: String) -> PortKey {
        .origin(of: ThreadKey(function: FunctionID(name: name), index: 0))
    }

    private func use(_ output: Int, _ choice: Int = 0) -> Outlets.Use { Outlets.Use(output: output, choice: choice) }

    @Test func anOutputKeepsItsIndexWhereverItLeads() {
        var outlets = Outlets()
        outlets.lead([[port("a")], [port("b"), port("c")]])
        #expect(outlets.rule == [port("a"), port("b"), port("c")])
        outlets.lead([[port("d")], [port("b"), port("c")]])
        #expect(outlets.rule == [port("d"), port("b"), port("c")])
        #expect(outlets.index(of: use(0)) == 0)
        #expect(outlets.index(of: use(1, 1)) == 2)
        #expect(!outlets.isLeaving(port("a")))
    }

    @Test func anIndexIsGivenUpWhenItsPacketsAreGone() {
        var outlets = Outlets()
        outlets.lead([[port("a")], [port("b")]])
        outlets.lead([[], [port("b")]])
        #expect(outlets.isLeaving(port("a")))
        #expect(outlets.rule == [port("a"), port("b")])
        // The kernel knows no gap, and an index must not move.
        outlets.forget(port("a"))
        #expect(outlets.rule == [port("b"), port("b")])
        #expect(outlets.index(of: use(1)) == 1)
        outlets.lead([[port("c")], [port("b")]])
        #expect(outlets.rule == [port("c"), port("b")])
        outlets.lead([])
        outlets.forget(port("b"))
        #expect(outlets.rule == [port("c")])
        outlets.forget(port("c"))
        #expect(outlets.rule.isEmpty)
    }

    @Test func whatIsUsedIsNotForgotten() {
        var outlets = Outlets()
        outlets.lead([[port("a")], [port("a")]])
        outlets.lead([[], [port("a")]])
        outlets.forget(port("a"))
        #expect(outlets.leads(to: port("a")))
        #expect(outlets.index(of: use(1)) == 1)
    }

    @Test func anOutputThatLeadsToNoPortHasNoIndex() {
        var outlets = Outlets()
        outlets.lead([[nil], [port("a")]])
        #expect(outlets.index(of: use(0)) == nil)
        #expect(outlets.index(of: use(1)) == 0)
    }

    /// Whatever outputs do, none changes its index while it leads anywhere, and no index in use leads elsewhere.
    @Test(arguments: UInt64(0)..<100) func indicesHold(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var outlets = Outlets()
        var before: [[PortKey?]] = []
        for _ in 0..<40 {
            let routes: [[PortKey?]] = (0..<3).map { _ in
                (0..<Int.random(in: 0...2, using: &generator)).map { _ in
                    ["a", "b", "c"].randomElement(using: &generator).map(port)
                }
            }
            let indices = before.indices.map { output in
                before[output].indices.map { outlets.index(of: use(output, $0)) }
            }
            outlets.lead(routes)
            for (output, route) in routes.enumerated() {
                for (choice, target) in route.enumerated() {
                    let index = outlets.index(of: use(output, choice))
                    #expect(index.map { outlets.rule[$0] } == target)
                    if output < indices.count, choice < indices[output].count, let old = indices[output][choice] {
                        #expect(index == old)
                    }
                }
            }
            before = routes
            if Bool.random(using: &generator) { outlets.forget(port("a")) }
        }
    }
}
