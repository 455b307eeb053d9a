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
                while contentStart < end, !Self.isBlank(bytes[contentStart]) { contentStart += 1 }
                tag = start..<contentStart
            } else {
                contentStart = min(start + 1, end)
                while contentStart < end, Self.isInAnchor(bytes[contentStart]) { contentStart += 1 }
            }
            skipBlanks(bytes)
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    /// libyaml ends an anchor's name before any other character, and some of them may start the node.
    private static func isInAnchor(_ byte: UInt8) -> Bool {
        VariableShield.isNameByte(byte) || byte == UInt8(ascii: "-")
    }

    /// Blanks, line breaks and comments, which may all stand between the properties and the node.
    private mutating func skipBlanks(_ bytes: [UInt8]) {
        while contentStart < bytes.count {
            if Self.isBlank(bytes[contentStart]) {
                contentStart += 1
            } else if bytes[contentStart] == UInt8(ascii: "#") {
                while contentStart < bytes.count, bytes[contentStart] != 0x0A, bytes[contentStart] != 0x0D {
                    contentStart += 1
                }
            } else {
                return
            }
        }
    }
}
