// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

/// Every program meets damaged packets, each right before a page that nobody may touch.
@Suite struct ProgramRobustnessTests {
    /// Runs a program, whichever it is, over packets, and checks what holds for all.
    private struct Runner: ProgramVisitor {
        let packets: [[UInt8]]
        var ran = 0

        init(_ packets: [[UInt8]]) { self.packets = packets }

        private static let values: [String: ParameterValue] = [
            "macs": .string("swap"),
            "measure": .boolean(true),
            "backends": .list([.string("a"), .string("b")]),
            "addresses": .list(["10.77.0.2", "fd77::2", "10.0.0.2", "fd00::2"].map { .string($0) }),
            "rules": .list(
                ["deny tcp to any port 23", "accept udp from 10.0.0.0/8", "deny icmpv6", "deny arp"].map { .string($0) }
            ),
        ]

        mutating func visit<P: NetworkFunction>(_: P.Type) {
            ran += 1
            guard var program = try? P.make(Self.values) else {
                Issue.record("\(P.self) does not start")
                return
            }
            let memory = GuardedBatch()
            let names = P.declaration.outputNames(configuration: ProgramConfiguration(Self.values))
            let allowed = names.indices.map { Verdict.output($0) } + DropReason.allCases.map { Verdict.drop($0) }
            // Only an answer may be longer than the request.
            let results = memory.run(&program, packets)
            for (packet, result) in zip(packets, results)
            where !allowed.contains(result.verdict) || result.content.count > packet.count {
                Issue.record("\(P.self): \(packet) gives \(result)")
                return
            }
        }

        mutating func visitSource<S: PacketSource>(_: S.Type) {}
    }

    private func run(_ packets: [[UInt8]]) {
        for declaration in ProgramCatalog.declarations where !declaration.isSource {
            var runner = Runner(packets)
            #expect(ProgramCatalog.visit(declaration.name, &runner))
            #expect(runner.ran == 1)
        }
    }

    private static let packets: [[UInt8]] =
        Sample.all.map(\.bytes) + [Capture.ping, .ping6, .options, .vlan].flatMap { $0.packets() }

    @Test func cutAnywhere() {
        run(Self.packets.flatMap { packet in (0...packet.count).map { Array(packet[..<$0]) } })
    }

    @Test func anyBitFlipped() {
        run(
            Self.packets.flatMap { packet in
                (0..<(packet.count * 8)).map { bit in
                    var packet = packet
                    packet[bit / 8] ^= 1 << (bit % 8)
                    return packet
                }
            })
    }

    @Test(arguments: 0..<4) func severalBytesReplacedAndCut(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        run(
            (0..<4000).map { _ in
                var packet = Self.packets[Int.random(in: 0..<Self.packets.count, using: &random)]
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    // Mostly where the headers are.
                    let index = Int.random(in: 12..<min(packet.count, 80), using: &random)
                    packet[index] = UInt8.random(in: 0...255, using: &random)
                }
                return Array(packet[..<Int.random(in: 14...packet.count, using: &random)])
            })
    }

    @Test func noise() {
        var random = SeededGenerator(seed: 9)
        run(
            (0..<4000).map { _ in
                (0..<Int.random(in: 0...120, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            })
    }
}
