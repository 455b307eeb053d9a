// SPDX-License-Identifier: Apache-2.0

/// The first 64 bytes of a flow's packets: Ethernet, IPv4 and UDP header and `MeasurementPayload`. What differs from
/// packet to packet is zero, and the checksum field holds the folded sum of all the rest.
struct PacketTemplate: BitwiseCopyable {
    private var bytes: SIMD64<UInt8>

    /// What the flows of a generator have in common.
    struct Recipe {
        /// From the Ethernet header, in bytes.
        var size: Int
        var sourceMAC: MACAddress
        var destinationMAC: MACAddress
        var sourceAddress: UInt32
        var destinationAddress: UInt32
        var destinationPort: UInt16
    }

    private static var ip: Int { 14 }
    private static var udp: Int { 34 }
    private static var checksum: Int { 40 }
    private static var payload: Int { 42 }

    init(_ recipe: Recipe, sourcePort: UInt16, flow: UInt16) {
        var bytes = SIMD64<UInt8>(repeating: 0)
        let datagramLength = recipe.size - Self.udp
        withUnsafeMutableBytes(of: &bytes) { buffer in
            guard let base = buffer.baseAddress else { return }
            base.setBig48(recipe.destinationMAC.rawValue, at: 0)
            base.setBig48(recipe.sourceMAC.rawValue, at: 6)
            base.setBig16(EtherType.ipv4, at: 12)
            base.setByte(0x45, at: Self.ip)
            base.setBig16(UInt16(clamping: recipe.size - Self.ip), at: Self.ip + 2)
            // Don't fragment: an identification is not needed then (RFC 6864).
            base.setBig16(0x4000, at: Self.ip + 6)
            base.setByte(64, at: Self.ip + 8)
            base.setByte(IPProtocol.udp, at: Self.ip + 9)
            base.setBig32(recipe.sourceAddress, at: Self.ip + 12)
            base.setBig32(recipe.destinationAddress, at: Self.ip + 16)
            base.setBig16(Checksum.finish(Checksum.sum(base + Self.ip, count: 20)), at: Self.ip + 10)
            base.setBig16(sourcePort, at: Self.udp)
            base.setBig16(recipe.destinationPort, at: Self.udp + 2)
            base.setBig16(UInt16(clamping: datagramLength), at: Self.udp + 4)
            base.setBig32(MeasurementPayload.marker, at: Self.payload)
            base.setBig16(flow, at: Self.payload + MeasurementPayload.flowOffset)
            let pseudoHeader = Checksum.pseudoHeader(
                base + (Self.ip + 12), addressBytes: 8, transportProtocol: IPProtocol.udp, length: datagramLength)
            let sum = Checksum.sum(base + Self.udp, count: buffer.count - Self.udp)
            base.setBig16(Checksum.fold(pseudoHeader &+ sum), at: Self.checksum)
        }
        self.bytes = bytes
    }

    /// Writes 64 bytes.
    ///
    /// - Parameter timeSum: `time` as a sum of words of 16 or 32 bits, which a batch has in common.
    @inline(__always)
    func write(to target: UnsafeMutableRawPointer, sequence: UInt32, time: UInt64, timeSum: UInt64) {
        target.storeBytes(of: bytes, as: SIMD64<UInt8>.self)
        let partial = UInt16(bytes[Self.checksum]) << 8 | UInt16(bytes[Self.checksum + 1])
        let checksum = Checksum.finish(UInt64(partial) &+ UInt64(sequence) &+ timeSum)
        // Zero means "no checksum" in UDP: its twin in one's complement takes its place (RFC 768).
        target.setBig16(checksum == 0 ? 0xFFFF : checksum, at: Self.checksum)
        target.setBig32(sequence, at: Self.payload + MeasurementPayload.sequenceOffset)
        target.setBig64(time, at: Self.payload + MeasurementPayload.timeOffset)
    }
}
