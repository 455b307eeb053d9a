// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// What the loop runs on a batch: a program that decides about packets, or one that makes them.
protocol BatchDriver {
    associatedtype Running: Program
    static var isSource: Bool { get }

    init(_ program: Running)

    /// Returns how many packets of the batch there are to carry through.
    mutating func run(_ batch: PacketBatch, counters: ProgramCounters) -> Int

    /// When there will be packets: nanoseconds of CLOCK_MONOTONIC; `.max` where only another thread can bring them.
    func nextDue() -> UInt64

    mutating func reconfigure(as next: consuming Running)
}

struct FunctionDriver<Running: NetworkFunction>: BatchDriver {
    static var isSource: Bool { false }
    var program: Running

    init(_ program: Running) { self.program = program }

    @inline(__always) mutating func run(_ batch: PacketBatch, counters: ProgramCounters) -> Int {
        if program.fetchesAhead { batch.fetch() }
        program.process(batch, counters: counters)
        return batch.count
    }

    func nextDue() -> UInt64 { .max }

    mutating func reconfigure(as next: consuming Running) { program.reconfigure(as: next) }
}

struct SourceDriver<Running: PacketSource>: BatchDriver {
    static var isSource: Bool { true }
    var program: Running

    init(_ program: Running) { self.program = program }

    @inline(__always) mutating func run(_ batch: PacketBatch, counters: ProgramCounters) -> Int {
        program.generate(into: batch, now: Clock.now(), counters: counters)
    }

    func nextDue() -> UInt64 { program.nextDue(now: Clock.now()) }

    mutating func reconfigure(as next: consuming Running) { program.reconfigure(as: next) }
}

extension PacketBatch {
    /// Has the packets' first lines come into the cache.
    @inline(__always) fileprivate func fetch() {
        for packet in 0..<count { flash_prefetch(bytes(packet)) }
    }
}
