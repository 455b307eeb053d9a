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
        var rings: [RingKey: UInt64] = [:]
        var queuesReceived: [QueueID: UInt64] = [:]
        var queuesSent: [QueueID: UInt64] = [:]
    }

    /// The last reading.
    private(set) var current: Sample?
    /// Two readings for rates.
    private var older: Sample?
    private var newer: Sample?
    /// The last readings of counters of 32 bits, from which totals of 64 are kept.
    private var ringMarks: [RingID: UInt32] = [:]
    private var receiveMarks: [PortID: UInt32] = [:]
    private var sendMarks: [PortID: UInt32] = [:]

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
            let mark = ringMarks.updateValue(state.sent, forKey: id) ?? 0
            // A ring that was made in the slot of another counts from 0 again.
            let before = current?.rings[key] ?? 0
            sample.rings[key] = before &+ UInt64(current?.rings[key] == nil ? state.sent : state.sent &- mark)
        }
        for (key, queue) in host.queues {
            guard let state = shared.port(queue.port) else { continue }
            let received = receiveMarks.updateValue(state.received, forKey: queue.port) ?? 0
            let sent = sendMarks.updateValue(state.sent, forKey: queue.port) ?? 0
            let isKnown = current?.queuesReceived[key] != nil
            sample.queuesReceived[key] =
                (current?.queuesReceived[key] ?? 0) &+ UInt64(isKnown ? state.received &- received : state.received)
            sample.queuesSent[key] =
                (current?.queuesSent[key] ?? 0) &+ UInt64(isKnown ? state.sent &- sent : state.sent)
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
