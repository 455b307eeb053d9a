// SPDX-License-Identifier: Apache-2.0

/// RFC 791, section 3.1.
enum IPv4Options {
    private static var end: UInt8 { 0 }
    private static var noOperation: UInt8 { 1 }
    private static var looseSourceRoute: UInt8 { 131 }
    private static var strictSourceRoute: UInt8 { 137 }

    /// True for options that say a way for the answer, and for what is not well-formed.
    ///
    /// - Parameter ip: an IPv4 header that is known to be whole.
    static func hasSourceRoute(_ ip: UnsafeRawPointer) -> Bool {
        let headerLength = Int(ip.byte(0) & 0xF) &* 4
        var offset = 20
        while offset < headerLength {
            let kind = ip.byte(offset)
            if kind == end { return false }
            if kind == noOperation {
                offset &+= 1
                continue
            }
            guard kind != looseSourceRoute, kind != strictSourceRoute, offset &+ 1 < headerLength else { return true }
            let size = Int(ip.byte(offset &+ 1))
            guard size >= 2, offset &+ size <= headerLength else { return true }
            offset &+= size
        }
        return false
    }
}
