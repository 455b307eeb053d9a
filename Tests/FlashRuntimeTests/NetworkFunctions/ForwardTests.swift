// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct ForwardTests {
    private let packet: [UInt8] = Array(0..<60)

    @Test func keepTouchesNothing() throws {
        let batch = GuardedBatch()
        var program = try Forward.make()
        let results = batch.run(&program, [packet, [1, 2, 3]])
        #expect(results.map(\.content) == [packet, [1, 2, 3]])
        #expect(results.allSatisfy { $0.verdict == .output(0) })
    }

    @Test func swapSwapsTheAddressesAlone() throws {
        let batch = GuardedBatch()
        var program = try Forward.make(["macs": .string("swap")])
        #expect(batch.run(&program, [packet])[0].content == Array(6..<12) + Array(0..<6) + Array(12..<60))
    }

    @Test func addressesAreRewrittenAfterASwap() throws {
        let batch = GuardedBatch()
        let source: ParameterValue = .string("02:aa:bb:cc:dd:ee")
        let bytes: [UInt8] = [2, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE]
        var one = try Forward.make(["source_mac": source])
        #expect(batch.run(&one, [packet])[0].content == Array(0..<6) + bytes + Array(12..<60))
        var other = try Forward.make(["macs": .string("swap"), "destination_mac": source])
        #expect(batch.run(&other, [packet])[0].content == bytes + Array(0..<6) + Array(12..<60))
    }

    @Test func whatHasNoHeaderIsDroppedWhereItIsToBeChanged() throws {
        let batch = GuardedBatch()
        var program = try Forward.make(["macs": .string("swap")])
        for length in 0..<14 {
            let short = Array(packet[..<length])
            let result = batch.run(&program, [short])[0]
            #expect(result.verdict == .drop(.truncated))
            #expect(result.content == short)
        }
        #expect(batch.run(&program, [Array(packet[..<14])])[0].verdict == .output(0))
    }
}
