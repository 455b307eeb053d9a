// SPDX-License-Identifier: Apache-2.0

/// How far the frames that are free reach through the steps of a plan.
enum FrameBudget {
    /// Why they do not, as a clause; nil where they do. New rings are counted as small as they may be; rings that go
    /// give that much back.
    static func shortage(_ steps: [Step], from observed: Observed) -> String? {
        guard observed.chain.memory != nil else { return nil }
        var free = observed.freeFrames
        for step in steps {
            let (taken, returned) = frames(step.change)
            if taken > free { return "its \(free) free frames are too few for the \(taken) of a step on the way" }
            free += returned - taken
        }
        return nil
    }

    private static func frames(_ change: Change) -> (taken: Int, returned: Int) {
        switch change {
        case .memory, .host, .interface:
            return (0, 0)
        case .queue(_, let exists):
            let frames = MemoryPlanner.framesPerQueue
            return exists ? (frames, 0) : (0, frames)
        case .function(_, let old, let new):
            return (old == nil ? frames(new) : 0, new == nil ? frames(old) : 0)
        case .link(let source, let old, let new):
            let before = Set((old?.hops ?? []).compactMap { $0.ring(of: source) })
            let after = Set((new?.hops ?? []).compactMap { $0.ring(of: source) })
            return (
                after.subtracting(before).count * MemoryPlanner.smallestRing,
                before.subtracting(after).count * MemoryPlanner.smallestRing
            )
        }
    }

    private static func frames(_ plan: FunctionPlan?) -> Int {
        guard let plan, plan.isSource else { return 0 }
        return plan.function.threads * MemoryPlanner.framesPerSource
    }
}
