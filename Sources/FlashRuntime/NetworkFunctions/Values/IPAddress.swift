// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// An IPv4 or IPv6 address; the first octet on the wire is the highest one of the number.
package enum IPAddress: Hashable, Sendable {
    case ipv4(UInt32)
    case ipv6(UInt128)

    /// - Parameter text: `10.0.0.1` or `2001:db8::1`, as inet_pton(3) takes them.
    package init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }
        var octets: (UInt64, UInt64) = (0, 0)
        let family: IPAddress? = withUnsafeMutableBytes(of: &octets) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            if inet_pton(AF_INET, text, base) == 1 { return .ipv4(UnsafeRawPointer(base).big32(0)) }
            if inet_pton(AF_INET6, text, base) == 1 { return .ipv6(UnsafeRawPointer(base).big128(0)) }
            return nil
        }
        guard let family else { return nil }
        self = family
    }
}
