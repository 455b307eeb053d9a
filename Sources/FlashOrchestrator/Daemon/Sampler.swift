// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// Counters of a topology at two moments, for rates.
struct Sampler {
    struct Counts {
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
    }

    struct Sample {
        /// In nanoseconds of the monotonic clock.
        var time: UInt64
        /// CPU time of the workers in nanoseconds, by process.
        var cpu: [Int32: UInt64] = [:]
        var received: [FunctionID: Counts] = [:]
        var sent: [FunctionID: Counts] = [:]
        var rings: [RingKey: Counts] = [:]
        /// Bytes as the XDP program counts them, where it does.
        var queuesReceived: [QueueID: Counts] = [:]
        var queuesSent: [QueueID: Counts] = [:]
    }

    /// The last reading.
    private(set) var current: Sample?
    /// Two readings for rates.
    private var older: Sample?
    private var newer: Sample?
    private(set) var totals = Totals()
    /// As they stand in the topology's record.
    private var recorded = Totals()
    /// Whose rings were read last: in another memory, rings with the same numbers are others.
    private weak var memory: SharedDatapath?
    private var hadMemory = false

    /// What rings and queues have carried. They count packets in 32 bits, and one that is made anew counts from 0.
    struct Totals: Codable, Sendable {
        var rings: [RingKey: Total] = [:]
        var received: [QueueID: Total] = [:]
        var sent: [QueueID: Total] = [:]
    }

    struct Total: Codable, Sendable {
        /// The ring or queue that was read, and what it said.
        private var number: Int
        private var reading: UInt32
        private var byteReading: UInt64
        private var packets: UInt64
        private var bytes: UInt64

        init(number: Int, packets reading: UInt32, bytes byteReading: UInt64, after before: Total?) {
            let last = before.flatMap { $0.number == number ? $0 : nil }
            self.number = number
            self.reading = reading
            self.byteReading = byteReading
            packets = (before?.packets ?? 0) &+ UInt64(reading &- (last?.reading ?? 0))
            bytes = (before?.bytes ?? 0) &+ byteReading &- (last?.byteReading ?? 0)
        }

        var counts: Counts { Counts(packets: packets, bytes: bytes) }

        /// Half of what the next daemon could tell from a count that went round.
        func isFar(from recorded: Total?) -> Bool { packets &- (recorded?.packets ?? 0) > 1 << 31 }
    }

    /// Goes on from what an earlier daemon recorded.
    init(_ totals: Totals = Totals()) {
        self.totals = totals
        recorded = totals
    }

    /// The record is to be written before a count of 32 bits goes round.
    var isFarFromRecord: Bool {
        totals.rings.contains { $1.isFar(from: recorded.rings[$0]) }
            || totals.received.contains { $1.isFar(from: recorded.received[$0]) }
            || totals.sent.contains { $1.isFar(from: recorded.sent[$0]) }
    }

    /// What to record now.
    mutating func record() -> Totals {
        recorded = totals
        return totals
    }

    /// Between the two, in nanoseconds, at least.
    private static let span: UInt64 = 200_000_000

    mutating func take(_ host: LinuxHost) {
        let sample = read(host)
        current = sample
        if let newer, sample.time &- newer.time < Self.span { return }
        (older, newer) = (newer, sample)
    }

    private mutating func read(_ host: LinuxHost) -> Sample {
        var sample = Sample(time: host.now)
        let before = hadMemory && memory !== host.shared ? Totals() : totals
        totals = Totals()
        (memory, hadMemory) = (host.shared, host.shared != nil)
        guard let shared = host.shared else { return sample }
        for (function, record) in host.functions {
            if let worker = record.worker, let statistics = try? worker.process.statistics() {
                sample.cpu[worker.process.identifier] = statistics.cpuNanoseconds
            }
            var received = Counts()
            var sent = Counts()
            for thread in record.threadIDs {
                let counters = shared.counters(thread, programCounters: 0)
                received.packets &+= counters.rxPackets
                received.bytes &+= counters.rxBytes
                sent.packets &+= counters.txPackets
                sent.bytes &+= counters.txBytes
            }
            sample.received[function] = received
            sample.sent[function] = sent
        }
        for (key, id) in host.rings {
            guard let state = shared.ring(id) else { continue }
            let total = Total(
                number: state.flashID, packets: state.sent, bytes: state.bytes, after: before.rings[key])
            totals.rings[key] = total
            sample.rings[key] = total.counts
        }
        for (key, queue) in host.queues {
            guard let state = shared.port(queue.port) else { continue }
            let bytes = (try? host.programs[key.interface]?.program.counters(queue: key.queue))?.redirectedBytes
            let received = Total(
                number: state.flashID, packets: state.received, bytes: bytes ?? 0, after: before.received[key])
            let sent = Total(
                number: state.flashID, packets: state.sent, bytes: state.sentBytes, after: before.sent[key])
            (totals.received[key], totals.sent[key]) = (received, sent)
            (sample.queuesReceived[key], sample.queuesSent[key]) = (received.counts, sent.counts)
        }
        return sample
    }

    /// Per second; 0 where there are no two samples of it.
    func rate(_ count: (Sample) -> UInt64?) -> Double {
        guard let older, let newer, newer.time > older.time, let now = count(newer), let before = count(older),
            now >= before
        else { return 0 }
        return Double(now - before) * 1e9 / Double(newer.time - older.time)
    }

    func traffic(_ counts: (Sample) -> Counts?) -> Traffic {
        let total = current.flatMap(counts) ?? Counts()
        return Traffic(
            packets: total.packets, bytes: total.bytes, packetsPerSecond: rate { counts($0)?.packets },
            bitsPerSecond: rate { counts($0)?.bytes } * 8)
    }
}
