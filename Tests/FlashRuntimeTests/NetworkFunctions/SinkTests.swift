// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct SinkTests {
    private func counters(_ batch: GuardedBatch) -> [String: UInt64] {
        Dictionary(
            uniqueKeysWithValues: Sink.declaration.counters.enumerated().map {
                ($0.element, batch.counters.value(of: $0.offset))
            })
    }

    private func generated(_ count: Int, flows: Int = 1) throws -> [[UInt8]] {
        let batch = GuardedBatch()
        var generator = try Generator.make(["flows": .integer(flows)])
        let frames = Array(repeating: [UInt8](repeating: 0, count: 64), count: count)
        let made = generator.generate(into: batch.load(frames), now: 1, counters: batch.counters)
        return (0..<made).map { batch.content($0) }
    }

    @Test func everythingIsConsumed() throws {
        let batch = GuardedBatch()
        var sink = try Sink.make()
        let results = batch.run(&sink, [[], [1], [UInt8](repeating: 0xFF, count: 1500)] + (try generated(20)))
        #expect(results.count == 23)
        #expect(results.allSatisfy { $0.verdict == .drop(.consumed) })
        #expect(counters(batch)["measured"] == 0)
    }

    @Test func lossReorderingAndDuplicatesAreToldApart() throws {
        let batch = GuardedBatch()
        var sink = try Sink.make(["measure": .boolean(true)])
        let packets = try generated(12)
        // 3 and 4 are missing, 4 comes late, 5 twice.
        _ = batch.run(&sink, [0, 1, 2, 5, 4, 5, 6, 7, 11].map { packets[$0] })
        let seen = counters(batch)
        #expect(seen["measured"] == 9)
        #expect(seen["skipped"] == 2 + 3)
        #expect(seen["late"] == 1)
        #expect(seen["duplicates"] == 1)
        #expect(try #require(seen["latency_min_ns"]) > 0)
        #expect(try #require(seen["latency_max_ns"]) >= #require(seen["latency_min_ns"]))
        #expect(try #require(seen["latency_sum_ns"]) >= #require(seen["latency_max_ns"]))
        // All came in one batch, and were made at one time; the histogram ends at 36 minutes.
        let latency = min(try #require(seen["latency_max_ns"]), 1 << 41)
        for name in ["latency_p50_ns", "latency_p99_ns", "latency_p99_9_ns"] {
            #expect(isClose(try #require(seen[name]), latency), "\(name)")
        }
    }

    /// As close as a bucket is wide.
    private func isClose(_ one: UInt64, _ other: UInt64) -> Bool {
        max(one, other) - min(one, other) <= other / 1024
    }

    @Test func quantilesAreThoseOfTheSortedLatencies() {
        var generator = SystemRandomNumberGenerator()
        for span: UInt64 in [1, 5, 2_000, 100_000, 1 << 36] {
            var histogram = LatencyHistogram(perMille: [500, 990, 999])
            var seen: [UInt64] = []
            for _ in 0..<40 {
                for _ in 0..<Int.random(in: 1...200) {
                    let latency = UInt64.random(in: 0..<span, using: &generator) >> UInt64.random(in: 0...8)
                    histogram.note(latency)
                    seen.append(latency)
                }
                seen.sort()
                for (index, perMille) in [500, 990, 999].enumerated() {
                    let exact = seen[max(1, (seen.count * perMille + 999) / 1000) - 1]
                    #expect(isClose(histogram.quantile(index), exact))
                }
            }
        }
    }

    @Test func latenciesBeyondTheLastBucketAreKept() {
        var histogram = LatencyHistogram(perMille: [500])
        #expect(histogram.quantile(0) == 0)
        histogram.note(.max)
        #expect(isClose(histogram.quantile(0), 1 << 41))
    }

    @Test func threadsAreAddedUpWhereThatMeansSomething() {
        let sink = Sink.declaration
        #expect(sink.merged(3, 4, counter: "measured") == 7)
        #expect(sink.merged(3, 4, counter: "latency_p99_ns") == 4)
        #expect(sink.merged(3, 4, counter: "latency_min_ns") == 3)
        #expect(sink.merged(0, 4, counter: "latency_min_ns") == 4)
    }

    @Test func flowsAreCountedApart() throws {
        let batch = GuardedBatch()
        var sink = try Sink.make(["measure": .boolean(true)])
        _ = batch.run(&sink, try generated(64, flows: 7))
        #expect(counters(batch)["measured"] == 64)
        #expect(counters(batch)["skipped"] == 0)
    }

    @Test func aTagBeforeThePayloadDoesNotHideIt() throws {
        let batch = GuardedBatch()
        var sink = try Sink.make(["measure": .boolean(true)])
        let tagged = try generated(3).map { Array($0[..<12]) + [0x81, 0, 0, 5] + Array($0[12...]) }
        _ = batch.run(&sink, tagged)
        #expect(counters(batch)["measured"] == 3)
    }

    @Test func whatCarriesNoMarkerIsNotMeasured() throws {
        let batch = GuardedBatch()
        var sink = try Sink.make(["measure": .boolean(true)])
        let whole = try generated(1)[0]
        var unmarked = whole
        unmarked[42] = 0
        _ = batch.run(&sink, [unmarked] + (0..<whole.count).map { Array(whole[..<$0]) })
        #expect(counters(batch)["measured"] == 0)
    }

    @Test func numbersWrapAndAGeneratorMayBeginAnew() {
        let state = OwnedBuffer<SequenceWindow>(zeroed: 1)
        let window = state.base
        #expect(window[0].note(0xFFFF_FFFE) == .next)
        #expect(window[0].note(0xFFFF_FFFF) == .next)
        #expect(window[0].note(1) == .ahead(1))
        #expect(window[0].note(0) == .late)
        #expect(window[0].note(0) == .duplicate)
        #expect(window[0].note(100_000) == .ahead(99_998))
        #expect(window[0].note(0) == .next)
        #expect(window[0].note(1) == .next)
    }
}
