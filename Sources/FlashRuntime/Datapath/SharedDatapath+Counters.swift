// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// What a thread has counted since it was made. Reading it stops nobody; figures of one moment may differ by a batch.
package struct ThreadCounters: Hashable, Codable, Sendable {
    package var rxPackets: UInt64 = 0
    package var rxBytes: UInt64 = 0
    package var txPackets: UInt64 = 0
    package var txBytes: UInt64 = 0
    package var batches: UInt64 = 0
    /// Neighbours that the thread has woken.
    package var wakeups: UInt64 = 0
    package var sleeps: UInt64 = 0
    /// Nanoseconds asleep because an output was full.
    package var blocked: UInt64 = 0
    /// Calls to send that the kernel refused.
    package var txErrors: UInt64 = 0
    /// By `DropReason.rawValue`.
    package var drops: [UInt64] = Array(repeating: 0, count: DropReason.allCases.count)
    /// The program's own, by slot.
    package var program: [UInt64] = []

    package init() {}
}

extension SharedDatapath {
    /// - Parameter programCounters: how many counters of its own the program has.
    package func counters(_ thread: ThreadID, programCounters: Int) -> ThreadCounters {
        let block = arena.thread(UInt32(thread.rawValue))
        let slots = arena.counters(of: block)
        let own = arena.programCounters(of: block).slots
        func value(_ counter: flash_counter, _ offset: Int = 0) -> UInt64 {
            flash_load_relaxed64(slots + Int(counter.rawValue) + offset)
        }
        var counters = ThreadCounters()
        counters.rxPackets = value(FLASH_COUNTER_RX_PACKETS)
        counters.rxBytes = value(FLASH_COUNTER_RX_BYTES)
        counters.txPackets = value(FLASH_COUNTER_TX_PACKETS)
        counters.txBytes = value(FLASH_COUNTER_TX_BYTES)
        counters.batches = value(FLASH_COUNTER_BATCHES)
        counters.wakeups = value(FLASH_COUNTER_WAKEUPS_SENT)
        counters.sleeps = value(FLASH_COUNTER_SLEEPS)
        counters.blocked = value(FLASH_COUNTER_BLOCKED_NANOSECONDS)
        counters.txErrors = value(FLASH_COUNTER_TX_ERRORS)
        counters.drops = DropReason.allCases.map { value(FLASH_COUNTER_DROPS, Int($0.rawValue)) }
        counters.program = (0..<min(max(programCounters, 0), ProgramCounters.capacity)).map {
            flash_load_relaxed64(own + $0)
        }
        return counters
    }
}
