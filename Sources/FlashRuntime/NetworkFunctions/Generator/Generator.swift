// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Makes UDP packets over IPv4 of a given size, number of flows and rate.
///
/// `size` counts from the Ethernet header, without the frame check sequence: what the field calls a 64-byte packet is
/// `size: 60`. The flows take turns; they differ in their source port. The payload is `MeasurementPayload` and zeros.
/// The threads of an NF share the flows, and with them rate and count.
package struct Generator: PacketSource {
    package static let declaration = ProgramDeclaration(
        name: "generator",
        summary: "Makes UDP packets of a given size, number of flows and rate, which a sink can measure",
        isSource: true,
        packetSize: "size",
        outputs: .fixed(["out"]),
        parameters: [
            .init(
                name: "size", summary: "Bytes a packet without the frame check sequence of 4 bytes",
                type: .integer(60...3840), unit: "bytes", defaultValue: .integer(60)),
            .init(
                name: "flows", summary: "How many flows take turns; flow i has source port source_port + i",
                type: .integer(1...65536), defaultValue: .integer(1)),
            .init(
                name: "first_flow", summary: "Number of the first flow; generators that end in one sink need their own",
                type: .integer(0...65535), defaultValue: .integer(0)),
            .init(
                name: "rate", summary: "Packets a second over all threads, 0 for as many as the chain takes",
                type: .integer(0...1_000_000_000), unit: "packets/s", defaultValue: .integer(0)),
            .init(
                name: "count", summary: "Packets over all threads, 0 for endless", type: .integer(0...Int.max),
                unit: "packets", defaultValue: .integer(0)),
            .init(
                name: "source_mac", summary: "Ethernet source address", type: .macAddress,
                defaultValue: .string("02:00:00:00:00:01")),
            .init(
                name: "destination_mac", summary: "Ethernet destination address", type: .macAddress,
                defaultValue: .string("02:00:00:00:00:02")),
            .init(
                name: "source_address", summary: "IPv4 source address", type: .ipAddress,
                defaultValue: .string("198.18.0.1")),
            .init(
                name: "destination_address", summary: "IPv4 destination address", type: .ipAddress,
                defaultValue: .string("198.19.0.1")),
            .init(
                name: "source_port", summary: "UDP source port of the first flow", type: .integer(0...65535),
                defaultValue: .integer(1024)),
            .init(
                name: "destination_port", summary: "UDP destination port", type: .integer(0...65535),
                defaultValue: .integer(9)),
        ],
        counters: ["too_small_frames"]
    )

    private let size: Int
    private let templates: OwnedBuffer<PacketTemplate>
    private var pace: Pace
    /// How many packets this thread shall make; nil for endless.
    private let limit: UInt64?
    private var made: UInt64 = 0
    /// Whose turn it is.
    private var flow = 0
    /// How often each flow had its turn: the sequence number.
    private var turn: UInt32 = 0
    /// Frames are too small for this size, and will be.
    private var isTooLarge = false

    package init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) {
        size = try configuration.integer("size", Self.declaration)
        let flows = try configuration.integer("flows", Self.declaration)
        let firstFlow = try configuration.integer("first_flow", Self.declaration)
        let sourcePort = try configuration.integer("source_port", Self.declaration)
        guard flows <= MeasurementPayload.flowLimit - firstFlow else {
            throw ConfigurationError(
                parameter: "flows", message: "flow numbers end at 65535, and the first one is \(firstFlow)",
                help: "at most \(MeasurementPayload.flowLimit - firstFlow) flows")
        }
        guard flows <= 65536 - sourcePort else {
            throw ConfigurationError(
                parameter: "flows", message: "each flow needs a source port from \(sourcePort) on",
                help: "at most \(65536 - sourcePort) flows, or a lower source_port")
        }
        let recipe = PacketTemplate.Recipe(
            size: size,
            sourceMAC: try configuration.macAddress("source_mac") ?? MACAddress(rawValue: 0),
            destinationMAC: try configuration.macAddress("destination_mac") ?? MACAddress(rawValue: 0),
            sourceAddress: try configuration.ipv4Address("source_address"),
            destinationAddress: try configuration.ipv4Address("destination_address"),
            destinationPort: UInt16(clamping: try configuration.integer("destination_port", Self.declaration)))
        let own = stride(from: thread.index, to: flows, by: max(thread.count, 1))
        templates = OwnedBuffer(
            own.map { flow in
                PacketTemplate(
                    recipe, sourcePort: UInt16(truncatingIfNeeded: sourcePort + flow),
                    flow: UInt16(truncatingIfNeeded: firstFlow + flow))
            })
        pace = Pace(rate: try configuration.integer("rate", Self.declaration), share: templates.count, of: flows)
        let count = try configuration.integer("count", Self.declaration)
        limit = count == 0 ? nil : Self.share(of: count, flows: flows, own: own)
    }

    /// Packet k of all belongs to flow k modulo `flows`.
    private static func share(of count: Int, flows: Int, own: StrideTo<Int>) -> UInt64 {
        let (rounds, rest) = count.quotientAndRemainder(dividingBy: flows)
        return own.reduce(0) { $0 + UInt64(rounds) + ($1 < rest ? 1 : 0) }
    }

    /// The sequence numbers go on, so that a sink sees no loss, and so does the count.
    package mutating func reconfigure(as next: consuming Generator) {
        next.made = made
        next.turn = turn
        if next.templates.count == templates.count {
            next.flow = flow
        } else if flow > 0 {
            next.turn &+= 1
        }
        self = next
    }

    package mutating func generate(into batch: PacketBatch, now: UInt64, counters: ProgramCounters) -> Int {
        let wanted = Int(min(UInt64(batch.count), remaining))
        let allowed = pace.take(atMost: wanted, now: now)
        let templates = templates.base
        let flows = self.templates.count
        let timeSum = UInt64(now >> 32) &+ (now & 0xFFFF_FFFF)
        var flow = flow
        var turn = turn
        var written = 0
        while written < allowed {
            guard batch.room(written) >= max(size, MemoryLayout<PacketTemplate>.size) else {
                counters.add(1, to: 0)
                isTooLarge = true
                break
            }
            let bytes = batch.bytes(written)
            templates[flow].write(to: bytes, sequence: turn, time: now, timeSum: timeSum)
            if size > MemoryLayout<PacketTemplate>.size {
                memset(bytes + MemoryLayout<PacketTemplate>.size, 0, size &- MemoryLayout<PacketTemplate>.size)
            }
            batch.setLength(size, of: written)
            written &+= 1
            flow &+= 1
            if flow == flows {
                flow = 0
                turn &+= 1
            }
        }
        self.flow = flow
        self.turn = turn
        made &+= UInt64(written)
        return written
    }

    package func nextDue(now: UInt64) -> UInt64 {
        let remaining = remaining
        return remaining == 0 || isTooLarge ? .max : pace.nextDue(now: now, remaining: remaining)
    }

    /// Packets that are still to be made.
    private var remaining: UInt64 {
        guard templates.count > 0 else { return 0 }
        guard let limit else { return .max }
        return limit > made ? limit &- made : 0
    }
}
