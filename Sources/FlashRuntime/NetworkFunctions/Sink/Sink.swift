// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Where packets end. With `measure: true` it also reads what a `generator` wrote into them.
///
/// The packets that were lost are `skipped - late`: those whose sequence number was passed over and which did not come
/// after all. Counting begins with the first packet of a flow that arrives. Latency is from the making of the packet to the
/// batch in which it arrives here; the mean is `latency_sum_ns / measured`.
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
        counters: Counter.allCases.map(\.rawValue)
    )

    private enum Counter: String, CaseIterable {
        case measured, skipped, late, duplicates
        case latencySum = "latency_sum_ns"
        case latencyMinimum = "latency_min_ns"
        case latencyMaximum = "latency_max_ns"

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
            }
        }
    }

    /// By flow number; nil where nothing is measured.
    private let flows: OwnedBuffer<SequenceWindow>?

    package init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) {
        flows = try configuration.boolean("measure") ? OwnedBuffer(zeroed: MeasurementPayload.flowLimit) : nil
    }

    package mutating func reconfigure(as next: consuming Sink) {
        if (flows == nil) != (next.flows == nil) { self = next }
    }

    package var fetchesAhead: Bool { flows != nil }

    package mutating func process(_ batch: PacketBatch, counters: ProgramCounters) {
        for index in 0..<batch.count {
            batch.setVerdict(.drop(.consumed), of: index)
        }
        if let flows { Self.measure(batch, flows.base, counters) }
    }

    @inline(never)
    private static func measure(
        _ batch: PacketBatch, _ flows: UnsafeMutablePointer<SequenceWindow>, _ counters: ProgramCounters
    ) {
        let now = monotonicTime()
        for index in 0..<batch.count {
            guard let payload = payload(batch.bytes(index), length: batch.length(index)) else { continue }
            let flow = Int(payload.big16(MeasurementPayload.flowOffset))
            switch flows[flow].note(payload.big32(MeasurementPayload.sequenceOffset)) {
            case .next: break
            case .ahead(let skipped): counters.add(UInt64(skipped), to: Counter.skipped.slot)
            case .late: counters.add(1, to: Counter.late.slot)
            case .duplicate: counters.add(1, to: Counter.duplicates.slot)
            }
            let made = payload.big64(MeasurementPayload.timeOffset)
            let latency = now > made ? now &- made : 0
            if counters.value(of: Counter.measured.slot) == 0
                || latency < counters.value(of: Counter.latencyMinimum.slot)
            {
                counters.set(latency, in: Counter.latencyMinimum.slot)
            }
            if latency > counters.value(of: Counter.latencyMaximum.slot) {
                counters.set(latency, in: Counter.latencyMaximum.slot)
            }
            counters.add(latency, to: Counter.latencySum.slot)
            counters.add(1, to: Counter.measured.slot)
        }
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
