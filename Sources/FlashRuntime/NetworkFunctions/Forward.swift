// SPDX-License-Identifier: Apache-2.0

/// Passes every packet on, and rewrites its Ethernet addresses if asked to. With `macs: keep` and no addresses it does
/// not touch the packet at all.
package struct Forward: NetworkFunction {
    package static let declaration = ProgramDeclaration(
        name: "forward",
        summary: "Passes every packet on, optionally with other Ethernet addresses",
        outputs: .fixed(["out"]),
        parameters: [
            .init(
                name: "macs", summary: "Keep the Ethernet addresses or swap source and destination",
                type: .choice(["keep", "swap"]), defaultValue: .string("keep")),
            .init(
                name: "source_mac", summary: "The new source address, after a swap", type: .macAddress,
                isOptional: true),
            .init(
                name: "destination_mac", summary: "The new destination address, after a swap", type: .macAddress,
                isOptional: true),
        ]
    )

    private let swaps: Bool
    private let source: Rewrite
    private let destination: Rewrite

    /// `address & keep | value`, so that the loop needs no branch.
    private struct Rewrite {
        var keep: UInt64 = 0xFFFF_FFFF_FFFF
        /// As a little-endian load of the address sees it.
        var value: UInt64 = 0

        init(_ address: MACAddress?) {
            guard let address else { return }
            keep = 0
            value = address.rawValue.byteSwapped >> 16
        }

        @inline(__always)
        func callAsFunction(_ address: UInt64) -> UInt64 { address & keep | value }
    }

    package init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) {
        swaps = try configuration.string("macs") == "swap"
        source = Rewrite(try configuration.macAddress("source_mac"))
        destination = Rewrite(try configuration.macAddress("destination_mac"))
    }

    package var fetchesAhead: Bool { false }

    package mutating func process(_ batch: PacketBatch, counters: ProgramCounters) {
        guard swaps || source.keep == 0 || destination.keep == 0 else { return }
        for index in 0..<batch.count {
            guard batch.length(index) >= 14 else {
                batch.setVerdict(.drop(.truncated), of: index)
                continue
            }
            let bytes = batch.bytes(index)
            // Both addresses are 12 bytes: destination and the head of the source, the rest of the source.
            let low = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
            let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
            let oldDestination = low & 0xFFFF_FFFF_FFFF
            let oldSource = low >> 48 | UInt64(high) << 16
            let newDestination = destination(swaps ? oldSource : oldDestination)
            let newSource = source(swaps ? oldDestination : oldSource)
            bytes.storeBytes(of: (newDestination | newSource << 48).littleEndian, as: UInt64.self)
            bytes.storeBytes(
                of: UInt32(truncatingIfNeeded: newSource >> 16).littleEndian, toByteOffset: 8, as: UInt32.self)
        }
    }
}
