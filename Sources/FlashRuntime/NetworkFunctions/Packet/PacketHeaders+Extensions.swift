// SPDX-License-Identifier: Apache-2.0

extension PacketHeaders {
    /// More extension headers than this are no honest packet: RFC 8200 lets each occur once, destination options twice.
    private static var extensionLimit: Int { 8 }

    @inline(__always)
    static func isExtension(_ nextHeader: UInt8) -> Bool {
        switch nextHeader {
        case IPProtocol.hopByHop, IPProtocol.routing, IPProtocol.fragment, IPProtocol.authentication,
            IPProtocol.destinationOptions:
            return true
        default:
            return false
        }
    }

    /// Moves `transportOffset` and `transportProtocol` behind the extension headers (RFC 8200 section 4, RFC 4302 for
    /// AH). Behind the header of a later fragment nothing is a header any more; ESP and what is not known end the walk.
    mutating func walkExtensions() -> DropReason? {
        let first = transportOffset
        for _ in 0..<Self.extensionLimit {
            let available = end &- transportOffset
            guard available >= 8 else { return .truncated }
            let current = transportProtocol
            // Hop-by-hop options stand directly behind the IPv6 header or nowhere (RFC 8200 section 4.1).
            if current == IPProtocol.hopByHop, transportOffset != first { return .malformed }
            transportProtocol = bytes.byte(transportOffset)
            if current == IPProtocol.fragment {
                guard fragment == .whole else { return .malformed }
                let field = bytes.big16(transportOffset &+ 2)
                transportOffset &+= 8
                let reason = setFragment(
                    offset: Int(field & 0xFFF8), hasMore: field & 1 != 0, payload: end &- transportOffset)
                if reason != nil || fragment == .later { return reason }
            } else {
                let units = Int(bytes.byte(transportOffset &+ 1))
                let size = current == IPProtocol.authentication ? (units &+ 2) &* 4 : (units &+ 1) &* 8
                guard size <= available else { return .truncated }
                transportOffset &+= size
            }
            if !Self.isExtension(transportProtocol) { return nil }
        }
        return .malformed
    }
}
