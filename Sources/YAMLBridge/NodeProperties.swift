// SPDX-License-Identifier: Apache-2.0

/// The anchor and the tag before a node. libyaml's events start at them, and do not tell where the node itself starts.
struct NodeProperties {
    /// Byte offset of the node behind its properties.
    private(set) var contentStart: Int
    /// Bytes of the tag, with its `!`.
    private(set) var tag: Range<Int>?

    init(_ event: Event, _ map: inout TextMap) {
        contentStart = map.byteOffset(ofScalar: event.start)
        guard event.anchor != nil || event.tag != nil else { return }
        let bytes = map.bytes
        let end = map.byteOffset(ofScalar: event.end)
        for _ in 0..<((event.anchor == nil ? 0 : 1) + (event.tag == nil ? 0 : 1)) {
            let start = contentStart
            if start < end, bytes[start] == UInt8(ascii: "!") {
                while contentStart < end, Self.blankWidth(bytes, contentStart) == 0 { contentStart += 1 }
                tag = start..<contentStart
            } else {
                contentStart = min(start + 1, end)
                while contentStart < end, Self.isInAnchor(bytes[contentStart]) { contentStart += 1 }
            }
            skipBlanks(bytes)
        }
    }

    /// Bytes of the space, tab or line break at `offset`, 0 where there is none.
    private static func blankWidth(_ bytes: [UInt8], _ offset: Int) -> Int {
        bytes[offset] == 0x20 || bytes[offset] == 0x09 ? 1 : breakWidth(bytes, offset)
    }

    /// To libyaml NEL (U+0085), LS (U+2028) and PS (U+2029) are line breaks too, as in YAML 1.1.
    private static func breakWidth(_ bytes: [UInt8], _ offset: Int) -> Int {
        switch bytes[offset] {
        case 0x0A, 0x0D: return 1
        case 0xC2 where bytes[offset...].starts(with: [0xC2, 0x85]): return 2
        case 0xE2 where bytes[offset...].starts(with: [0xE2, 0x80, 0xA8]): return 3
        case 0xE2 where bytes[offset...].starts(with: [0xE2, 0x80, 0xA9]): return 3
        default: return 0
        }
    }

    /// libyaml ends an anchor's name before any other character, and some of them may start the node.
    private static func isInAnchor(_ byte: UInt8) -> Bool {
        VariableShield.isNameByte(byte) || byte == UInt8(ascii: "-")
    }

    /// Blanks, line breaks and comments, which may all stand between the properties and the node.
    private mutating func skipBlanks(_ bytes: [UInt8]) {
        while contentStart < bytes.count {
            let width = Self.blankWidth(bytes, contentStart)
            if width > 0 {
                contentStart += width
            } else if bytes[contentStart] == UInt8(ascii: "#") {
                while contentStart < bytes.count, Self.breakWidth(bytes, contentStart) == 0 { contentStart += 1 }
            } else {
                return
            }
        }
    }
}
