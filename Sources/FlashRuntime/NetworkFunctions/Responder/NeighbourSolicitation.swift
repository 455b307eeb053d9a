// SPDX-License-Identifier: Apache-2.0

/// Neighbour discovery for IPv6, RFC 4861.
enum NeighbourSolicitation {
    private static var advertisementSize: Int { 32 }
    /// ff02::1
    private static var allNodes: UInt128 { 0xFF02 << 112 | 1 }
    private static var targetLinkAddress: UInt8 { 2 }
    private static var sourceLinkAddress: UInt8 { 1 }

    /// Turns a solicitation into the advertisement that answers it.
    ///
    /// - Parameters:
    ///   - headers: of an ICMPv6 message directly behind the IPv6 header.
    ///   - room: bytes that the packet may grow to.
    ///   - isOurs: whether an address is to be answered for.
    /// - Returns: the packet's new length; nil, with nothing changed, where the message gets no answer.
    static func answer(
        _ bytes: UnsafeMutableRawPointer, _ headers: PacketHeaders, mac: UInt64, room: Int,
        isOurs: (UInt128) -> Bool
    ) -> Int? {
        let ip = bytes + headers.networkOffset
        let icmp = bytes + headers.transportOffset
        let view = UnsafeRawPointer(ip)
        let message = UnsafeRawPointer(icmp)
        let size = headers.end &- headers.transportOffset
        let source = view.big128(8)
        let length = headers.transportOffset &+ advertisementSize
        // Section 7.1.1: what a node checks before it believes a solicitation.
        guard size >= 24, view.byte(7) == 255, isOurs(message.big128(8)), source >> 120 != 0xFF,
            hasValidOptions(message, size: size, isUnspecified: source == 0), room >= length,
            Checksum.finish(sum(ip, icmp, size: size)) == 0
        else { return nil }
        let target = message.big128(8)
        bytes.setBig48(UnsafeRawPointer(bytes).big48(6), at: 0)
        bytes.setBig48(mac, at: 6)
        ip.setBig16(UInt16(truncatingIfNeeded: advertisementSize), at: 4)
        ip.setBig128(target, at: 8)
        // A host that asks whether an address is free has none yet, and hears the answer as one of all (section 7.2.4).
        ip.setBig128(source == 0 ? allNodes : source, at: 24)
        if source == 0 { bytes.setBig48(0x3333_0000_0001, at: 0) }
        icmp.setBig32(0x8800_0000, at: 0)
        // Solicited, where it was a question of one host, and override.
        icmp.setBig32(source == 0 ? 0x2000_0000 : 0x6000_0000, at: 4)
        icmp.setBig128(target, at: 8)
        icmp.setByte(targetLinkAddress, at: 24)
        icmp.setByte(1, at: 25)
        icmp.setBig48(mac, at: 26)
        icmp.setBig16(Checksum.finish(sum(ip, icmp, size: advertisementSize)), at: 2)
        return length
    }

    private static func sum(_ ip: UnsafeMutableRawPointer, _ icmp: UnsafeMutableRawPointer, size: Int) -> UInt64 {
        Checksum.pseudoHeader(
            UnsafeRawPointer(ip) + 8, addressBytes: 32, transportProtocol: IPProtocol.icmpv6, length: size)
            &+ Checksum.sum(UnsafeRawPointer(icmp), count: size)
    }

    /// No option is empty or cut off, and a host without an address does not name its link address.
    private static func hasValidOptions(_ message: UnsafeRawPointer, size: Int, isUnspecified: Bool) -> Bool {
        var offset = 24
        while offset < size {
            guard offset &+ 8 <= size else { return false }
            let optionSize = Int(message.byte(offset &+ 1)) &* 8
            guard optionSize > 0, offset &+ optionSize <= size else { return false }
            if isUnspecified, message.byte(offset) == sourceLinkAddress { return false }
            offset &+= optionSize
        }
        return true
    }
}
