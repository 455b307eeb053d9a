// SPDX-License-Identifier: Apache-2.0

/// Lets `${NAME}` stand where YAML gives a meaning to its characters, as in `{ device: ${NIC} }`.
///
/// Before libyaml reads the text, the characters of a variable that YAML might take for its own are replaced with
/// noncharacters, which a text cannot contain (`TextCheck`), one for one: so no position moves. It also tells
/// `${` that was written from one that an escape made.
enum VariableShield {
    static let dollar = UInt8(ascii: "$")
    /// What is hidden, in the order of the noncharacters from U+FDD0 on, each `EF B7 90+n` in UTF-8.
    private static let hidden = Array("{}[],:#".utf8)
    private static let stops = Array("}\"'\n\r".utf8)
    private static let lead: [UInt8] = [0xEF, 0xB7]
    private static let firstLast: UInt8 = 0x90

    /// The text for libyaml; nil where no variable is in it.
    /// - Parameter work: gets the bytes added that the search for the ends of defaults looked at
    static func hide(_ text: [UInt8], work: inout Int) -> [UInt8]? {
        var result: [UInt8] = []
        var copied = 0
        var offset = 0
        var stop = 0
        while let found = text[offset...].firstIndex(of: dollar), found + 1 < text.count {
            guard text[found + 1] == UInt8(ascii: "{") else {
                offset = found + (text[found + 1] == dollar ? 2 : 1)
                continue
            }
            let end = endOfVariable(text, from: found + 2, stop: &stop, work: &work)
            result += text[copied...found]
            for byte in text[(found + 1)..<end] {
                if let index = hidden.firstIndex(of: byte) {
                    result += lead
                    result.append(firstLast + UInt8(index))
                } else {
                    result.append(byte)
                }
            }
            copied = end
            offset = end
        }
        guard copied > 0 else { return nil }
        return result + text[copied...]
    }

    /// Just behind the `}`; behind the `{` where this is no variable. A default ends with its line, and with a quote.
    /// - Parameter stop: where the last search for the end of a default ended; it is not repeated
    private static func endOfVariable(_ text: [UInt8], from start: Int, stop: inout Int, work: inout Int) -> Int {
        var offset = start
        while offset < text.count, isNameByte(text[offset]) { offset += 1 }
        guard offset > start, offset < text.count else { return start }
        if text[offset] == UInt8(ascii: "}") { return offset + 1 }
        guard text[offset...].starts(with: ":-".utf8) else { return start }
        if stop < offset {
            stop = text[offset...].firstIndex(where: stops.contains) ?? text.count
            work += stop - offset
        }
        return stop < text.count && text[stop] == stops[0] ? stop + 1 : start
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The character that a noncharacter at `offset` hides.
    static func shown(_ bytes: [UInt8], at offset: Int) -> UInt8? {
        guard offset + 2 < bytes.count, bytes[offset] == lead[0], bytes[offset + 1] == lead[1],
            bytes[offset + 2] >= firstLast, bytes[offset + 2] < firstLast + UInt8(hidden.count)
        else { return nil }
        return hidden[Int(bytes[offset + 2] - firstLast)]
    }
}
