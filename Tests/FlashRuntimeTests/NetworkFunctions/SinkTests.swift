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
