// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Where packets end. With `measure: true` it also reads what a `generator` wrote into them.
///
/// The packets that were lost are `skipped - late`: those whose sequence number was passed over and which did not come
/// after all. Counting begins with the first packet of a flow that arrives. Latency is from the making of the packet to the
/// batch in which it arrives here; the mean is `latency_sum_ns / measured`. Percentiles are of what was measured since
/// `measure` was turned on.
package struct Sink: NetworkFunction {
    package static let declaration = ProgramDeclaration(
        name: "sink",
        summary: "Takes every packet off the chain, and optionally measures loss and latency of generated ones",
        outputs: .fixed([]),
        parameters: [
            .init(
                name: "measure", summary: "Read the sequence numbers and times that a generator wrote",
                type: .boolean, defaultValue: .boolean(false))
        ],
        counters: Counter.allCases.map(\.rawValue),
        extremes: [
            Counter.latencyMinimum.rawValue: .lowest, Counter.latencyMaximum.rawValue: .highest,
            Counter.latencyMedian.rawValue: .highest, Counter.latency99.rawValue: .highest,
            Counter.latency999.rawValue: .highest,
        ]
    )

    fileprivate enum Counter: String, CaseIterable {
        case measured, skipped, late, duplicates
        case latencySum = "latency_sum_ns"
        case latencyMinimum = "latency_min_ns"
        case latencyMaximum = "latency_max_ns"
        case latencyMedian = "latency_p50_ns"
        case latency99 = "latency_p99_ns"
        case latency999 = "latency_p99_9_ns"

        @inline(__always)
        var slot: Int {
            switch self {
            case .measured: 0
            case .skipped: 1
            case .late: 2
            case .duplicates: 3
            case .latencySum: 4
            case .latencyMinimum: 5
            case .latencyMaximum: 6
            case .latencyMedian: 7
            case .latency99: 8
            case .latency999: 9
            }
        }
    }

    fileprivate struct Measurement {
        /// By flow number.
        let flows = OwnedBuffer<SequenceWindow>(zeroed: MeasurementPayload.flowLimit)
        var latencies = LatencyHistogram(perMille: [500, 990, 999])
    }

    private var measurement: Measurement?

    package init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) {
        measurement = try configuration.boolean("measure") ? Measurement() : nil
    }

    package mutating func reconfigure(as next: consuming Sink) {
        if (measurement == nil) != (next.measurement == nil) { self = next }
    }

    package var fetchesAhead: Bool { measurement != nil }

    package mutating func process(_ batch: PacketBatch, counters: ProgramCounters) {
        for index in 0..<batch.count {
            batch.setVerdict(.drop(.consumed), of: index)
        }
        measurement?.note(batch, counters)
    }
}

extension Sink.Measurement {
    @inline(never)
    fileprivate mutating func note(_ batch: PacketBatch, _ counters: ProgramCounters) {
        let now = Self.monotonicTime()
        let flows = flows.base
        for index in 0..<batch.count {
            guard let payload = Self.payload(batch.bytes(index), length: batch.length(index)) else { continue }
            let flow = Int(payload.big16(MeasurementPayload.flowOffset))
            switch flows[flow].note(payload.big32(MeasurementPayload.sequenceOffset)) {
            case .next: break
            case .ahead(let skipped): counters.add(UInt64(skipped), to: Sink.Counter.skipped.slot)
            case .late: counters.add(1, to: Sink.Counter.late.slot)
            case .duplicate: counters.add(1, to: Sink.Counter.duplicates.slot)
            }
            let made = payload.big64(MeasurementPayload.timeOffset)
            let latency = now > made ? now &- made : 0
            if counters.value(of: Sink.Counter.measured.slot) == 0
                || latency < counters.value(of: Sink.Counter.latencyMinimum.slot)
            {
                counters.set(latency, in: Sink.Counter.latencyMinimum.slot)
            }
            if latency > counters.value(of: Sink.Counter.latencyMaximum.slot) {
                counters.set(latency, in: Sink.Counter.latencyMaximum.slot)
            }
            counters.add(latency, to: Sink.Counter.latencySum.slot)
            counters.add(1, to: Sink.Counter.measured.slot)
            latencies.note(latency)
        }
        counters.set(latencies.quantile(0), in: Sink.Counter.latencyMedian.slot)
        counters.set(latencies.quantile(1), in: Sink.Counter.latency99.slot)
        counters.set(latencies.quantile(2), in: Sink.Counter.latency999.slot)
    }

    /// The generator's payload, wherever other NFs have put it by adding headers; nil where the packet has none.
    @inline(__always)
    private static func payload(_ bytes: UnsafeRawPointer, length: Int) -> UnsafeRawPointer? {
        var headers = PacketHeaders(bytes, length: length)
        guard headers.readLink() == nil, headers.readNetwork() == nil, headers.fragment == .whole,
            headers.network == .ipv4 || headers.network == .ipv6, headers.transportProtocol == IPProtocol.udp,
            headers.end &- headers.transportOffset >= 8 &+ MeasurementPayload.size
        else { return nil }
        let payload = bytes + (headers.transportOffset &+ 8)
        return payload.big32(0) == MeasurementPayload.marker ? payload : nil
    }

    private static func monotonicTime() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(bitPattern: Int64(time.tv_sec)) &* 1_000_000_000 &+ UInt64(bitPattern: Int64(time.tv_nsec))
    }
}
