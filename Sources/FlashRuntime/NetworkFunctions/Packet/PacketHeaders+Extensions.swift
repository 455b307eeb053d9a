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

    /// Where a walk along the extension headers ended.
    struct ExtensionWalk {
        var offset: Int
        var nextHeader: UInt8
        var fragment = Fragment.whole
        var reason: DropReason?
    }

    /// Finds what lies behind the extension headers (RFC 8200 section 4, RFC 4302 for AH). Behind the header of a later
    /// fragment nothing is a header any more; ESP and what is not known end the walk.
    ///
    /// - Parameters:
    ///   - start: where the first extension header begins.
    ///   - end: where the datagram ends.
    ///   - nextHeader: the kind of the first extension header.
    @inline(never)
    static func walkExtensions(
        _ bytes: UnsafeRawPointer, from start: Int, to end: Int, nextHeader: UInt8
    ) -> ExtensionWalk {
        var walk = ExtensionWalk(offset: start, nextHeader: nextHeader)
        var isFragmented = false
        for _ in 0..<extensionLimit {
            let available = end &- walk.offset
            guard available >= 8 else { return walk.failed(.truncated) }
            let current = walk.nextHeader
            // Hop-by-hop options stand directly behind the IPv6 header or nowhere (RFC 8200 section 4.1).
            if current == IPProtocol.hopByHop, walk.offset != start { return walk.failed(.malformed) }
            walk.nextHeader = bytes.byte(walk.offset)
            if current == IPProtocol.fragment {
                guard !isFragmented else { return walk.failed(.malformed) }
                isFragmented = true
                let field = bytes.big16(walk.offset &+ 2)
                walk.offset &+= 8
                if field & 0xFFF9 != 0 {
                    walk.fragment = field & 0xFFF8 == 0 ? .first : .later
                    walk.reason = checkFragment(
                        offset: Int(field & 0xFFF8), hasMore: field & 1 != 0, payload: end &- walk.offset,
                        transportProtocol: walk.nextHeader)
                    if walk.reason != nil || walk.fragment == .later { return walk }
                }
            } else {
                let units = Int(bytes.byte(walk.offset &+ 1))
                let size = current == IPProtocol.authentication ? (units &+ 2) &* 4 : (units &+ 1) &* 8
                guard size <= available else { return walk.failed(.truncated) }
                walk.offset &+= size
            }
            if !isExtension(walk.nextHeader) { return walk }
        }
        return walk.failed(.malformed)
    }
}

extension PacketHeaders.ExtensionWalk {
    fileprivate func failed(_ reason: DropReason) -> PacketHeaders.ExtensionWalk {
        var walk = self
        walk.reason = reason
        return walk
    }
}
