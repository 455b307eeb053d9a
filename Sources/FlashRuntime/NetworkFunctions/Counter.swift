// SPDX-License-Identifier: Apache-2.0

/// Counts packets by protocol, and bytes, and passes them on unchanged.
///
/// `arp`, `tcp`, `udp`, `icmp`, `icmpv6` and `other` together are all packets; `ipv4` and `ipv6` are those of IP. A fragment
/// counts for the protocol that it carries a part of. Bytes are without the frame check sequence. What does not parse up to
/// the network header is dropped and not counted here. Reads no byte behind the network headers.
package struct Counter: NetworkFunction {
    package static let declaration = ProgramDeclaration(
        name: "counter",
        summary: "Counts packets by protocol, and bytes, and passes them on",
        outputs: .fixed(["out"]),
        counters: ["arp", "ipv4", "ipv6", "tcp", "udp", "icmp", "icmpv6", "other", "bytes"]
    )

    private enum Slot {
        static let arp = 0
        static let ipv4 = 1
        static let ipv6 = 2
        static let tcp = 3
        static let udp = 4
        static let icmp = 5
        static let icmpv6 = 6
        static let other = 7
        static let bytes = 8
    }

    /// The slot for each protocol number, so that a mixture of protocols costs no mispredicted branches.
    private let slots: OwnedBuffer<UInt8>

    package init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) {
        var table = [UInt8](repeating: UInt8(Slot.other), count: 256)
        table[Int(IPProtocol.tcp)] = UInt8(Slot.tcp)
        table[Int(IPProtocol.udp)] = UInt8(Slot.udp)
        table[Int(IPProtocol.icmp)] = UInt8(Slot.icmp)
        table[Int(IPProtocol.icmpv6)] = UInt8(Slot.icmpv6)
        slots = OwnedBuffer(table)
    }

    package mutating func process(_ batch: PacketBatch, counters: ProgramCounters) {
        let slots = slots.base
        var bytes = 0
        for index in 0..<batch.count {
            var headers = PacketHeaders(batch.bytes(index), length: batch.length(index))
            if let reason = headers.readLink() ?? headers.readNetwork() {
                batch.setVerdict(.drop(reason), of: index)
                continue
            }
            bytes &+= batch.length(index)
            switch headers.network {
            case .ipv4:
                counters.add(1, to: Slot.ipv4)
                counters.add(1, to: Int(slots[Int(headers.transportProtocol)]))
            case .ipv6:
                counters.add(1, to: Slot.ipv6)
                counters.add(1, to: Int(slots[Int(headers.transportProtocol)]))
            case .arp: counters.add(1, to: Slot.arp)
            case .other: counters.add(1, to: Slot.other)
            }
        }
        counters.add(UInt64(bytes), to: Slot.bytes)
    }
}
