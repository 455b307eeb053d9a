// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// IP addresses as text, in the spelling of RFC 5952 that the C library prints.
package enum IPText {
    /// The canonical text of an IPv4 or IPv6 address; nil where it is none.
    package static func address(_ text: String) -> String? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            return canonical(AF_INET, &four)
        }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 {
            return canonical(AF_INET6, &six)
        }
        return nil
    }

    /// The canonical `address/length`; nil where it is none, or where no host can have that address (unspecified,
    /// multicast).
    package static func hostAddressWithPrefix(_ text: String) -> String? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = address(String(parts[0])), isForHost(address) else { return nil }
        let digits = parts[1].utf8
        guard (1...3).contains(digits.count), let length = Int(parts[1]), digits.first != UInt8(ascii: "+") else {
            return nil
        }
        guard (1...(isIPv6(address) ? 128 : 32)).contains(length) else { return nil }
        return "\(address)/\(length)"
    }

    private static func isIPv6(_ address: String) -> Bool { address.utf8.contains(UInt8(ascii: ":")) }

    private static func isForHost(_ address: String) -> Bool {
        if isIPv6(address) {
            return address != "::" && !address.hasPrefix("ff")
        }
        guard let first = address.split(separator: ".").first.flatMap({ Int($0) }) else { return false }
        return (1...223).contains(first)
    }

    private static func canonical(_ family: Int32, _ address: UnsafeRawPointer) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            guard let start = buffer.baseAddress,
                let text = inet_ntop(family, address, start, socklen_t(buffer.count))
            else { return nil }
            return String(cString: text)
        }
    }
}
