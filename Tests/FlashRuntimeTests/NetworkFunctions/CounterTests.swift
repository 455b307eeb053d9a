// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct CounterTests {
    private func count(_ packets: [[UInt8]]) throws -> [String: Int] {
        let batch = GuardedBatch()
        var program = try FlashRuntime.Counter.make()
        for (packet, result) in zip(packets, batch.run(&program, packets)) {
            #expect(result.content == packet)
        }
        let names = FlashRuntime.Counter.declaration.counters
        let values = names.enumerated().map { ($0.element, Int(batch.counters.value(of: $0.offset))) }
        return Dictionary(uniqueKeysWithValues: values).filter { $0.value != 0 }
    }

    @Test func capturedPacketsAreCounted() throws {
        let packets = Capture.allCases.flatMap { $0.packets() }
        #expect(
            try count(packets) == [
                "arp": 5, "ipv4": 22, "ipv6": 15, "tcp": 10, "udp": 2, "icmp": 11, "icmpv6": 14,
                "bytes": packets.map(\.count).reduce(0, +),
            ])
    }

    @Test func craftedPacketsAreCounted() throws {
        let counts = try count(Sample.all.map(\.bytes))
        #expect(counts["arp"] == 2)
        #expect(counts["ipv4"] == Sample.all.filter { $0.network == .ipv4 }.count)
        #expect(counts["ipv6"] == Sample.all.filter { $0.network == .ipv6 }.count)
        #expect(counts["other"] == 2 + 3)
        let partition = ["arp", "tcp", "udp", "icmp", "icmpv6", "other"].compactMap { counts[$0] }.reduce(0, +)
        #expect(partition == Sample.all.count)
    }

    @Test func whatDoesNotParseIsDroppedAndNotCounted() throws {
        let batch = GuardedBatch()
        var program = try FlashRuntime.Counter.make()
        var malformed = Sample.all[3].bytes
        malformed[14] = 0x35
        let results = batch.run(&program, [[], malformed, Array(Sample.all[3].bytes[..<30])])
        #expect(results.map(\.verdict) == [.drop(.truncated), .drop(.malformed), .drop(.truncated)])
        #expect((0..<9).allSatisfy { batch.counters.value(of: $0) == 0 })
    }
}
