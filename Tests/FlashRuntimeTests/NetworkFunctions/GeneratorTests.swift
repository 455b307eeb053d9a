// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct GeneratorTests {
    private static let empty = Array(repeating: [UInt8](repeating: 0xEE, count: 1600), count: 64)

    private func generate(_ generator: inout Generator, _ batch: GuardedBatch, now: UInt64 = 1) -> [[UInt8]] {
        let count = generator.generate(into: batch.load(Self.empty), now: now, counters: batch.counters)
        return (0..<count).map { batch.content($0) }
    }

    @Test(arguments: [60, 61, 64, 65, 128, 1514]) func checksumsAndLengthsAreRight(size: Int) throws {
        let batch = GuardedBatch()
        var generator = try Generator.make(["size": .integer(size), "flows": .integer(3)])
        let packets = generate(&generator, batch, now: 0xFEDC_BA98_7654_3210)
        #expect(packets.count == 64)
        for (index, packet) in packets.enumerated() {
            #expect(packet.count == size)
            #expect(Array(packet[12..<14]) == [8, 0])
            #expect(PacketBuilder.checksum(Array(packet[14..<34])) == 0)
            #expect(Array(packet[16..<18]) == PacketBuilder.big16(size - 14))
            #expect(Array(packet[38..<40]) == PacketBuilder.big16(size - 34))
            let pseudoHeader = Array(packet[26..<34]) + [0, 17] + PacketBuilder.big16(size - 34)
            #expect(PacketBuilder.checksum(pseudoHeader + packet[34...]) == 0)
            #expect(Array(packet[34..<36]) == PacketBuilder.big16(1024 + index % 3))
            #expect(Array(packet[42..<48]) == [0x46, 0x4C, 0x53, 0x48] + PacketBuilder.big16(index % 3))
            #expect(Array(packet[48..<52]) == PacketBuilder.big32(index / 3))
            #expect(Array(packet[52..<60]) == [0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10])
            #expect(packet[60...].allSatisfy { $0 == 0 })
        }
    }

    @Test func aChecksumIsNeverZero() throws {
        let batch = GuardedBatch()
        var generator = try Generator.make()
        for now in 0..<2048 {
            for packet in generate(&generator, batch, now: UInt64(now)) where packet[40] == 0 {
                #expect(packet[41] != 0)
            }
        }
    }

    @Test func countEndsTheSource() throws {
        let batch = GuardedBatch()
        var generator = try Generator.make(["count": .integer(100)])
        #expect(generator.nextDue(now: 5) == 5)
        #expect(generate(&generator, batch).count == 64)
        #expect(generate(&generator, batch).count == 36)
        #expect(generate(&generator, batch).isEmpty)
        #expect(generator.nextDue(now: 5) == .max)
    }

    @Test(arguments: [1, 2, 3, 5, 7]) func threadsShareFlowsAndCount(threads: Int) throws {
        var made: [Int: Int] = [:]
        for index in 0..<threads {
            let batch = GuardedBatch()
            var generator = try Generator.make(
                ["count": .integer(1003), "flows": .integer(5)], thread: ThreadPlace(index: index, count: threads))
            while true {
                let packets = generate(&generator, batch)
                if packets.isEmpty { break }
                for packet in packets { made[Int(packet[46]) << 8 + Int(packet[47]), default: 0] += 1 }
            }
            #expect(generator.nextDue(now: 5) == .max)
        }
        #expect(made == [0: 201, 1: 201, 2: 201, 3: 200, 4: 200])
    }

    @Test(arguments: [1, 7, 1000, 999_983, 14_880_952, 1_000_000_000]) func rateIsExactOverTime(rate: Int) throws {
        let batch = GuardedBatch()
        var generator = try Generator.make(["rate": .integer(rate)])
        let start: UInt64 = 77_000_000_000
        // Enough calls to see rounding, few enough for a debug build.
        let duration = min(3_000_000_000, 20_000 * 1_000_000_000 / UInt64(rate) + 1_000_000_000 / UInt64(rate))
        var now = start
        var made = 0
        while now <= start + duration {
            made += generate(&generator, batch, now: now).count
            let due = generator.nextDue(now: now)
            #expect(due >= now || rate > 50_000)
            now = max(due, now + 1)
        }
        let expected = Int(duration) * rate / 1_000_000_000
        #expect(abs(made - expected) <= 33)
    }

    @Test func whatWasMissedForLongIsNotMadeUpFor() throws {
        let batch = GuardedBatch()
        var generator = try Generator.make(["rate": .integer(1_000_000)])
        #expect(generate(&generator, batch, now: 1000).count == 1)
        var made = 0
        let late: UInt64 = 60_000_000_000
        while case let packets = generate(&generator, batch, now: late), !packets.isEmpty { made += packets.count }
        #expect(made == 10_000)
    }

    @Test func sequenceAndCountGoOnOverAReconfiguration() throws {
        let batch = GuardedBatch()
        var generator = try Generator.make(["count": .integer(100)])
        #expect(generate(&generator, batch).count == 64)
        generator.reconfigure(as: try Generator.make(["count": .integer(80), "size": .integer(100)]))
        let rest = generate(&generator, batch)
        #expect(rest.count == 16)
        #expect(rest.first?.count == 100)
        #expect(rest.first.map { Array($0[48..<52]) } == PacketBuilder.big32(64))
        #expect(generator.nextDue(now: 1) == .max)
    }

    @Test func aFrameThatIsTooSmallIsCountedNotOverrun() throws {
        let batch = GuardedBatch()
        var generator = try Generator.make(["size": .integer(1514)])
        let view = batch.load([[UInt8](repeating: 0, count: 100)])
        #expect(generator.generate(into: view, now: 1, counters: batch.counters) == 0)
        #expect(batch.counters.value(of: 0) == 1)
        #expect(generator.nextDue(now: 2) == .max)
        generator.reconfigure(as: try Generator.make(["size": .integer(100)]))
        #expect(generator.nextDue(now: 3) == 3)
    }

    @Test func impossibleFlowsAreRefused() {
        #expect(throws: ConfigurationError.self) { try Generator.make(["flows": .integer(65536)]) }
        #expect(throws: ConfigurationError.self) {
            try Generator.make(["flows": .integer(2), "first_flow": .integer(65535)])
        }
        #expect(throws: ConfigurationError.self) { try Generator.make(["source_address": .string("::1")]) }
    }
}
