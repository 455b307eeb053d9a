// SPDX-License-Identifier: Apache-2.0

/// How many frames a topology needs, and how they are dealt out.
package enum MemoryPlanner {
    /// Frames that circulate over one NIC queue: half for its fill and RX side, half for its TX side.
    package static let framesPerQueue = 2 * queueRingSize
    /// Entries of each of the four rings of a NIC queue.
    package static let queueRingSize = 2048
    /// A port has as many frames as two exchange rings: for its fill and RX side, and for its TX side.
    static let ringsPerPort = 2
    /// Frames that a thread fills which makes packets.
    package static let framesPerSource = 128
    package static let largestRing = 2048
    package static let smallestRing = 256
    /// Rings become smaller, as far as they may, so that all frames together stay below this: 128 MiB at 2 KiB each.
    package static let frameTarget = 65_536

    /// Frames for rings that are made beside old ones while a chain is changed, and for one more queue where there are some.
    static func reserve(rings: Int, queues: Int, capacity: Int) -> Int {
        max(2, rings / 4) &* capacity &+ (queues > 0 ? framesPerQueue : 0)
    }

    /// The plan for a topology that starts afresh.
    ///
    /// - Parameters:
    ///   - rings: ways from thread to thread; frames of their own have they on the `shared` datapath only.
    ///   - sources: threads that make packets.
    package static func plan(
        request: MemoryRequest, datapath: DatapathKind = .shared, rings: Int, ports: Int = 0, queues: Int,
        sources: Int = 0
    ) throws(PlanError) -> MemoryPlan {
        let carriers = datapath == .shared ? rings : ports * ringsPerPort
        let limit = request.frames ?? frameTarget
        var capacity = largestRing
        while capacity > smallestRing, needed(carriers, queues, sources, capacity) > limit {
            capacity /= 2
        }
        let needed = needed(carriers, queues, sources, capacity)
        if let frames = request.frames, frames < needed {
            throw .tooFewFrames(given: frames, needed: needed, rings: rings, ports: ports, queues: queues)
        }
        let rounded = (needed + 1023) / 1024 * 1024
        return MemoryPlan(
            datapath: datapath, frames: request.frames ?? rounded, frameSize: request.frameSize, ringCapacity: capacity)
    }

    /// Slots for each of `rings` that were lost with a daemon: they take no more than half of the `free` frames where
    /// smaller ones do, for the way from there to what was applied takes some too.
    ///
    /// - Parameter largest: a power of two.
    package static func capacity(ofLost rings: Int, free: Int, largest: Int) -> Int {
        var capacity = largest
        while capacity > smallestRing, rings * capacity > free / 2 { capacity /= 2 }
        return capacity
    }

    private static func needed(_ rings: Int, _ queues: Int, _ sources: Int, _ capacity: Int) -> Int {
        rings * capacity + queues * framesPerQueue + sources * framesPerSource
            + reserve(rings: rings, queues: queues, capacity: capacity)
    }
}
