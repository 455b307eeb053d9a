// SPDX-License-Identifier: Apache-2.0

/// Finds what makes bytes no YAML text at all, before a parser sees them: another encoding, broken UTF-8,
/// characters that YAML forbids.
enum TextCheck {
    enum Fault: Equatable {
        case utf16
        case invalidUTF8(offset: Int)
        case forbidden(Unicode.Scalar, offset: Int)
    }

    /// The first `limit` faults, by offset; nothing is looked at behind broken UTF-8.
    /// - Parameter bytes: without byte order mark
    static func faults(in bytes: [UInt8], limit: Int) -> [Fault] {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return [.utf16] }
        // A YAML text starts with an ASCII character: a zero beside it is UTF-16 without a mark.
        if bytes.count >= 2, (bytes[0] == 0) != (bytes[1] == 0) { return [.utf16] }
        var faults: [Fault] = []
        var offset = 0
        bytes.withUnsafeBufferPointer { bytes in
            while offset < bytes.count, faults.count < limit {
                let byte = bytes[offset]
                if byte >= 0x20 && byte < 0x7F || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                    offset += 1
                    continue
                }
                guard let (scalar, length) = decode(bytes, at: offset) else {
                    faults.append(.invalidUTF8(offset: offset))
                    return
                }
                if !isAllowed(scalar) { faults.append(.forbidden(scalar, offset: offset)) }
                offset += length
            }
        }
        return faults
    }

    /// The printable characters of YAML 1.1 (section 5.1) as libyaml takes them, but for the noncharacters
    /// U+FDD0 to U+FDEF, of which `VariableShield` needs some.
    static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0x10000...0x10FFFF: true
        case 0xE000...0xFFFD: scalar.value != 0xFEFF && !(0xFDD0...0xFDEF).contains(scalar.value)
        default: false
        }
    }

    /// One scalar by the well-formed sequences of the Unicode Standard, table 3-7; nil where there is none.
    private static func decode(_ bytes: UnsafeBufferPointer<UInt8>, at offset: Int) -> (Unicode.Scalar, Int)? {
        let first = bytes[offset]
        let length: Int
        var value: UInt32
        switch first {
        case 0x00...0x7F: return (Unicode.Scalar(first), 1)
        case 0xC2...0xDF: (length, value) = (2, UInt32(first & 0x1F))
        case 0xE0...0xEF: (length, value) = (3, UInt32(first & 0x0F))
        case 0xF0...0xF4: (length, value) = (4, UInt32(first & 0x07))
        default: return nil
        }
        guard offset + length <= bytes.count else { return nil }
        for next in bytes[(offset + 1)..<(offset + length)] {
            guard TextMap.isContinuation(next) else { return nil }
            value = value << 6 | UInt32(next & 0x3F)
        }
        let isOverlong = length == 3 && value < 0x800 || length == 4 && value < 0x10000
        guard !isOverlong, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }
}
