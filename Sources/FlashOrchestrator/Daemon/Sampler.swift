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
    /// The last readings, from which totals are kept: packets are counted in 32 bits, and a ring or queue that is made
    /// anew counts from 0.
    private var ringMarks: [RingKey: Mark] = [:]
    private var receiveMarks: [QueueID: Mark] = [:]
    private var sendMarks: [QueueID: Mark] = [:]

    private struct Mark {
        var number: Int
        var packets: UInt32
        var bytes: UInt64

        /// - Parameter mark: replaced by this reading.
        func total(_ before: Counts?, _ mark: inout Mark?) -> Counts {
            defer { mark = self }
            let last = mark.flatMap { $0.number == number ? $0 : nil }
            let before = before ?? Counts()
            return Counts(
                packets: before.packets &+ UInt64(packets &- (last?.packets ?? 0)),
                bytes: before.bytes &+ bytes &- (last?.bytes ?? 0))
        }
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
            let mark = Mark(number: state.flashID, packets: state.sent, bytes: state.bytes)
            sample.rings[key] = mark.total(current?.rings[key], &ringMarks[key])
        }
        for (key, queue) in host.queues {
            guard let state = shared.port(queue.port) else { continue }
            let bytes = (try? host.programs[key.interface]?.program.counters(queue: key.queue))?.redirectedBytes
            let received = Mark(number: state.flashID, packets: state.received, bytes: bytes ?? 0)
            sample.queuesReceived[key] = received.total(current?.queuesReceived[key], &receiveMarks[key])
            let sent = Mark(number: state.flashID, packets: state.sent, bytes: state.sentBytes)
            sample.queuesSent[key] = sent.total(current?.queuesSent[key], &sendMarks[key])
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
