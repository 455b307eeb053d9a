// SPDX-License-Identifier: Apache-2.0

/// An Ethernet address.
package struct MACAddress: Hashable, Sendable, CustomStringConvertible {
    /// The first octet in bits 47 to 40.
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue & 0xFFFF_FFFF_FFFF
    }

    /// - Parameter text: six pairs of hexadecimal digits with colons between them.
    package init?(_ text: String) {
        let characters = Array(text.utf8)
        guard characters.count == 17 else { return nil }
        var value: UInt64 = 0
        for (index, character) in characters.enumerated() {
            if index % 3 == 2 {
                guard character == UInt8(ascii: ":") else { return nil }
            } else {
                guard let digit = Character(UnicodeScalar(character)).hexDigitValue else { return nil }
                value = value << 4 | UInt64(digit)
            }
        }
        rawValue = value
    }

    /// True for broadcast, too.
    package var isMulticast: Bool { rawValue >> 40 & 1 == 1 }

    package var description: String {
        (0..<6).reversed().map { octet in
            let text = String(rawValue >> (8 * octet) & 0xFF, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined(separator: ":")
    }
}
