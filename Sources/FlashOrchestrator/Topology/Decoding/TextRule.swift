// SPDX-License-Identifier: Apache-2.0

/// Which texts a value may be, and how such a text is written canonically.
package struct TextRule: Sendable {
    /// Completes "must be …".
    package var expectation: String
    /// A regular expression (ECMA-262, anchored) for the JSON Schema; nil: any text.
    package var pattern: String?
    /// The canonical text; nil where `text` is not allowed.
    package var canonical: @Sendable (_ text: String) -> String?

    package init(_ expectation: String, pattern: String? = nil, canonical: @escaping @Sendable (String) -> String?) {
        self.expectation = expectation
        self.pattern = pattern
        self.canonical = canonical
    }
}

extension TextRule {
    package static let any = TextRule("text") { $0 }

    package static let topologyName = TextRule(
        "a name of at most 32 lower-case letters, digits and '-' that begins with a letter",
        pattern: "^[a-z][a-z0-9-]{0,31}$"
    ) { text in
        let isName =
            (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
            && text.utf8.first.map(isLower) == true
        return isName ? text : nil
    }

    /// Interfaces, NFs and lab hosts: what can stand in a link. A `-` at the end would be one with an arrow behind it.
    package static let name = TextRule(
        "a name of at most 32 letters, digits, '-', '_' and '.' that begins with a letter and does not end with '-'",
        pattern: "^[A-Za-z]([A-Za-z0-9_.-]{0,30}[A-Za-z0-9_.])?$"
    ) { text in
        let isName =
            (1...32).contains(text.utf8.count) && text.unicodeScalars.allSatisfy(isInName)
            && text.utf8.first.map(isLetter) == true && text.utf8.last != UInt8(ascii: "-")
        return isName ? text : nil
    }

    /// The kernel's `dev_valid_name`: shorter than IFNAMSIZ (16) bytes, not `.` or `..`, without `/`, `:` or white space.
    package static let device = TextRule(
        "a device name of at most 15 bytes without '/', ':' and white space",
        pattern: "^(?!\\.{1,2}$)[^/:\\s]{1,15}$"
    ) { text in
        let isName =
            (1...15).contains(text.utf8.count) && text != "." && text != ".."
            && text.unicodeScalars.allSatisfy {
                $0 != "/" && $0 != ":" && !$0.properties.isWhitespace && $0.properties.generalCategory != .control
            }
        return isName ? text : nil
    }

    package static let macAddress = TextRule(
        "a MAC address like 02:00:00:00:00:01", pattern: "^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"
    ) { text in
        let groups = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let isAddress = groups.count == 6 && groups.allSatisfy { $0.count == 2 && $0.allSatisfy(isHexadecimal) }
        return isAddress ? text.lowercased() : nil
    }

    package static let ipAddress = TextRule("an IPv4 or IPv6 address like 10.0.0.1") { text in
        IPText.address(text)
    }

    package static let ipAddressWithPrefix = TextRule(
        "the address of a host with its prefix length, like 10.10.0.1/24"
    ) { text in
        IPText.hostAddressWithPrefix(text)
    }

    /// A scalar that a name may hold behind its first letter.
    package static func isInName(_ scalar: Unicode.Scalar) -> Bool {
        guard let byte = UInt8(exactly: scalar.value), byte < 0x80 else { return false }
        return isLetter(byte) || isDigit(byte) || scalar == "-" || scalar == "_" || scalar == "."
    }

    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { isLower(byte | 0x20) }
    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
