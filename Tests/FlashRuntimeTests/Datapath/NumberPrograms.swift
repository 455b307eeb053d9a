// SPDX-License-Identifier: Apache-2.0

import Glibc

@testable import FlashRuntime

/// Makes `count` packets of 60 bytes that carry their number.
struct NumberSource: PacketSource {
    static let declaration = ProgramDeclaration(
        name: "number-source", summary: "Numbers packets", isSource: true, outputs: .fixed(["out"]))
    var next: UInt64 = 0
    let count: UInt64

    init(count: UInt64) { self.count = count }

    init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) { count = .max }

    mutating func generate(into batch: PacketBatch, now: UInt64, counters: ProgramCounters) -> Int {
        let made = Int(min(UInt64(batch.count), count - next))
        for index in 0..<made {
            batch.bytes(index).storeBytes(of: next, as: UInt64.self)
            batch.setLength(60, of: index)
            next += 1
        }
        return made
    }

    func nextDue(now: UInt64) -> UInt64 { next < count ? now : .max }
}

/// Sends packet i to output `choose(i)`, or drops it where that is nil.
struct NumberSwitch: NetworkFunction {
    static let declaration = ProgramDeclaration(
        name: "number-switch", summary: "Chooses an output by number", outputs: .fixed(["a", "b", "c"]))
    let choose: (UInt64) -> Int?

    init(choose: @escaping (UInt64) -> Int?) { self.choose = choose }

    init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) { choose = { _ in 0 } }

    mutating func process(_ batch: PacketBatch, counters: ProgramCounters) {
        for index in 0..<batch.count {
            let output = choose(batch.bytes(index).load(as: UInt64.self))
            batch.setVerdict(output.map { .output($0) } ?? .drop(.policy), of: index)
        }
    }
}

/// Notes the numbers that arrive, in their order. Read them when its thread has ended.
struct NumberSink: NetworkFunction {
    static let declaration = ProgramDeclaration(name: "number-sink", summary: "Notes numbers", outputs: .fixed([]))
    let seen: Numbers
    /// Microseconds to linger over a batch.
    var delay: UInt32 = 0

    init(_ seen: Numbers, delay: UInt32 = 0) {
        self.seen = seen
        self.delay = delay
    }

    init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) { seen = Numbers() }

    mutating func process(_ batch: PacketBatch, counters: ProgramCounters) {
        for index in 0..<batch.count {
            seen.values.append(batch.bytes(index).load(as: UInt64.self))
            batch.setVerdict(.drop(.consumed), of: index)
        }
        if delay > 0 { usleep(delay) }
    }
}

final class Numbers: @unchecked Sendable {
    var values: [UInt64] = []
}
