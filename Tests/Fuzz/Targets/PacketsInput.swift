// SPDX-License-Identifier: Apache-2.0

internal import FlashRuntime

/// Packets of any bytes go through every program: it touches nothing outside of them and sends them only where it may.
///
/// The input is a sequence of packets, each behind its length: two bytes, little-endian, of which the lower eleven
/// bits count. The last packet is what is left.
enum PacketsInput {
    static func run(_ bytes: [UInt8]) {
        let packets = split(bytes)
        for program in Programs.shared.all { program.run(packets) }
    }

    private static func split(_ bytes: [UInt8]) -> [[UInt8]] {
        var packets: [[UInt8]] = []
        var rest = bytes[...]
        while rest.count >= 2, packets.count < PacketBatch.limit {
            let length = (Int(rest[rest.startIndex]) | Int(rest[rest.startIndex + 1]) << 8) & 0x7FF
            rest = rest.dropFirst(2)
            packets.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return packets
    }
}

/// All programs, each made once: tables of the size of `maglev`'s cost too much to make for every input.
private final class Programs: ProgramVisitor, @unchecked Sendable {
    /// Whoever runs them holds the lock of `GuardedFrames`.
    static let shared = Programs()

    private(set) var all: [any PacketsRunner] = []

    private init() {
        var visitor = self
        for declaration in ProgramCatalog.declarations where !declaration.isSource {
            precondition(ProgramCatalog.visit(declaration.name, &visitor))
        }
    }

    func visit<P: NetworkFunction>(_: P.Type) { all.append(ProgramRunner<P>()) }
    func visitSource<S: PacketSource>(_: S.Type) {}
}

private protocol PacketsRunner {
    func run(_ packets: [[UInt8]])
}

private final class ProgramRunner<P: NetworkFunction>: PacketsRunner {
    private var program: P
    private let outputs: Int

    init() {
        // For each parameter of any program that changes what is read of a packet.
        let configuration = ProgramConfiguration([
            "macs": .string("swap"),
            "measure": .boolean(true),
            "backends": .list([.string("a"), .string("b")]),
            "addresses": .list(["10.77.0.2", "fd77::2", "10.0.0.2", "fd00::2"].map { .string($0) }),
            "rules": .list(
                ["deny tcp to any port 23", "accept udp from 10.0.0.0/8", "deny icmpv6", "deny arp"]
                    .map { .string($0) }),
        ]).completed(for: P.declaration)
        guard let program = try? P(configuration: configuration, thread: ThreadPlace()) else {
            preconditionFailure("\(P.self) does not start")
        }
        self.program = program
        outputs = P.declaration.outputNames(configuration: configuration).count
    }

    func run(_ packets: [[UInt8]]) {
        for place in GuardedFrames.Place.allCases {
            GuardedFrames.shared.run(&program, packets, at: place) { verdict in
                let isOutput = Int(verdict.rawValue) < outputs
                precondition(isOutput || DropReason.allCases.contains { verdict == .drop($0) })
            }
        }
    }
}
