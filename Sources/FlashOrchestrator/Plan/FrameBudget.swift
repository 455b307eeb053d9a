// SPDX-License-Identifier: Apache-2.0

/// How far the free frames of a UMEM reach through steps, and how large new rings may be so that they reach to the end.
struct FrameBudget {
    /// Sizes of rings, the largest first.
    private static let sizes: [Int] = {
        var sizes = [MemoryPlanner.largestRing]
        while let last = sizes.last, last > MemoryPlanner.smallestRing { sizes.append(last / 2) }
        return sizes
    }()

    /// For each step and each of `sizes`: the frames that have to be free before the step if it and all that follow
    /// make rings of that size.
    private var needs: [[Int]] = []

    /// - Parameters:
    ///   - datapath: before the first step.
    ///   - capacity: frames of a ring that goes.
    ///   - portCapacity: frames of each side of a port that goes.
    init(
        _ steps: [Step], datapath: DatapathKind, capacity: (RingKey) -> Int, portCapacity: (PortKey) -> Int
    ) {
        var needs = Self.sizes.map { _ in 0 }
        var all: [[Int]] = []
        for (step, datapath) in Self.datapaths(steps, from: datapath).reversed() {
            if case .memory = step.change {
                // What was free before does not count after.
                needs = needs.map { _ in 0 }
            } else {
                let demand = Demand(step.change, datapath, capacity: capacity, portCapacity: portCapacity)
                for (index, size) in Self.sizes.enumerated() {
                    let taken = demand.frames + demand.rings * size
                    needs[index] = max(taken, taken - demand.returned + needs[index])
                }
            }
            all.append(needs)
        }
        self.needs = all.reversed()
    }

    /// Each step with what carries packets meanwhile.
    private static func datapaths(_ steps: [Step], from first: DatapathKind) -> [(Step, DatapathKind)] {
        var datapath = first
        return steps.map { step in
            if case .memory(_, let memory?) = step.change { datapath = memory.datapath }
            return (step, datapath)
        }
    }

    /// The size for the rings of a step: the largest that all rings to come can have too.
    ///
    /// - Parameter largest: a power of two.
    func ringCapacity(at step: Int, free: Int, largest: Int) -> Int {
        let fitting = zip(Self.sizes, needs[step]).first { $0 <= largest && $1 <= free }
        return min(fitting?.0 ?? MemoryPlanner.smallestRing, largest)
    }

    /// Why the free frames do not do for the smallest rings, as a clause; nil where they do.
    static func shortage(_ steps: [Step], from observed: Observed) -> String? {
        guard let memory = observed.chain.memory else { return nil }
        let smallest = MemoryPlanner.smallestRing
        let budget = FrameBudget(
            steps, datapath: memory.datapath, capacity: { _ in smallest }, portCapacity: { _ in smallest })
        guard let need = budget.needs.first?.last, need > observed.freeFrames else { return nil }
        return "its \(observed.freeFrames) free frames are too few for the \(need) that the way there takes"
    }
}

/// Frames that a change takes first and gives back then.
private struct Demand {
    var frames = 0
    var rings = 0
    var returned = 0

    init(
        _ change: Change, _ datapath: DatapathKind, capacity: (RingKey) -> Int, portCapacity: (PortKey) -> Int
    ) {
        switch change {
        case .memory, .host, .interface:
            break
        case .queue(_, let exists):
            if exists { frames = MemoryPlanner.framesPerQueue } else { returned = MemoryPlanner.framesPerQueue }
        case .port(let port, let old, let new):
            if new && !old { rings = MemoryPlanner.ringsPerPort }
            if old && !new { returned = MemoryPlanner.ringsPerPort * portCapacity(port) }
        case .function(_, let old, let new):
            if old == nil { frames = Self.frames(new) }
            if new == nil { returned = Self.frames(old) }
        case .link(let source, let old, let new):
            // Packets from socket to socket take no other frames.
            if datapath == .flash { return }
            let before = Set((old?.hops ?? []).compactMap { $0.ring(of: source) })
            let after = Set((new?.hops ?? []).compactMap { $0.ring(of: source) })
            rings = after.subtracting(before).count
            returned = before.subtracting(after).reduce(0) { $0 + capacity($1) }
        }
    }

    private static func frames(_ plan: FunctionPlan?) -> Int {
        guard let plan, plan.isSource else { return 0 }
        return plan.function.threads * MemoryPlanner.framesPerSource
    }
}
