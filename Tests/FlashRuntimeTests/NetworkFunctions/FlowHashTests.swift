// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct FlowHashTests {
    private typealias B = PacketBuilder
    private let memory = GuardedBatch()

    private func hash(_ bytes: [UInt8]) -> UInt32 {
        let batch = memory.load([bytes])
        return FlowHash.hash(batch.bytes(0), length: batch.length(0))
    }

    private func v4(_ source: UInt8, _ destination: UInt8, _ ports: (Int, Int), _ number: Int = 17) -> [UInt8] {
        B.ethernet(
            0x0800, B.ipv4(number, from: [10, 0, 0, source], to: [10, 0, 0, destination], B.udp(ports.0, ports.1)))
    }

    private func v6(_ source: UInt8, _ destination: UInt8, _ ports: (Int, Int)) -> [UInt8] {
        B.ethernet(
            0x86DD,
            B.ipv6(17, from: B.address6(source), to: B.address6(destination), B.udp(ports.0, ports.1)))
    }

    @Test func bothDirectionsAreOneFlow() {
        #expect(hash(v4(1, 2, (10, 20))) == hash(v4(2, 1, (20, 10))))
        #expect(hash(v6(1, 2, (10, 20))) == hash(v6(2, 1, (20, 10))))
        #expect(
            hash(B.ethernet(0x88CC, [1]))
                == hash(B.ethernet(0x88CC, destination: B.clientMAC, source: B.serverMAC, [2])))
    }

    @Test func flowsDiffer() {
        let flows = [
            v4(1, 2, (10, 20)), v4(1, 2, (10, 21)), v4(1, 2, (20, 10)), v4(1, 3, (10, 20)), v4(3, 2, (10, 20)),
            v4(1, 2, (10, 20), 132), v6(1, 2, (10, 20)), v6(1, 2, (10, 21)), v6(1, 3, (10, 20)),
            B.ethernet(0x88CC, []), B.ethernet(0x88CD, []),
        ]
        #expect(Set(flows.map(hash)).count == flows.count)
    }

    @Test func tagsOptionsAndContentDoNotMatter() {
        let plain = hash(v4(1, 2, (10, 20)))
        let ip = B.ipv4(
            17, from: [10, 0, 0, 1], to: [10, 0, 0, 2], options: [1, 1, 1, 0], timeToLive: 3, B.udp(10, 20, [1, 2]))
        #expect(hash(B.ethernet(0x0800, tags: [(0x8100, 5)], ip)) == plain)
    }

    @Test func allFragmentsAreOneFlow() {
        for capture in [Capture.fragments, .fragments6] {
            #expect(Set(capture.packets().map(hash)).count == 1)
        }
        let first = B.ethernet(0x0800, B.ipv4(17, hasMore: true, B.udp(1, 2, [UInt8](repeating: 0, count: 8))))
        let later = B.ethernet(0x0800, B.ipv4(17, offset: 16, [9, 9, 9, 9, 9, 9, 9, 9]))
        #expect(hash(first) == hash(later))
        // The first fragment says what is behind the destination options, a later one cannot.
        let first6 = B.ethernet(
            0x86DD, B.ipv6(44, [60, 0, 0, 1, 0, 0, 0, 1] + [17, 0, 1, 4, 0, 0, 0, 0] + B.udp(1, 2)))
        let later6 = B.ethernet(0x86DD, B.ipv6(44, [60, 0, 0, 16, 0, 0, 0, 1, 1, 2, 3]))
        #expect(hash(first6) == hash(later6))
    }

    @Test(arguments: Sample.all) func everyCutHasAHash(sample: Sample) {
        for length in 0...sample.bytes.count {
            let value = hash(Array(sample.bytes[..<length]))
            #expect((value == 0) == (length < 14))
        }
    }

    /// Low and high bits, as threads are picked by either: each of 64 buckets within six standard deviations.
    @Test(arguments: [0, 26]) func portsSpreadEvenly(shift: Int) {
        var counts = [Int](repeating: 0, count: 64)
        let flows = 1 << 14
        for flow in 0..<flows {
            let batch = memory.load([v4(1, 2, (1024 + flow, 80))])
            counts[Int(FlowHash.hash(batch.bytes(0), length: batch.length(0)) >> shift & 63)] += 1
        }
        let mean = flows / 64
        #expect(counts.allSatisfy { abs($0 - mean) < 6 * 16 }, "\(counts)")
    }
}
