// SPDX-License-Identifier: Apache-2.0

package import YAMLBridge

extension YAMLNode {
    /// `key:` with nothing behind it, `~` or `null`.
    package var isNull: Bool {
        guard case .scalar(let scalar) = content, scalar.isPlain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// Completes "found …".
    ///
    /// - Parameter type: what was expected; where that is no text, quotes around a number are worth a word.
    package func description(expecting type: ValueSchema) -> String {
        switch content {
        case .scalar where isNull: return "nothing"
        case .scalar(let scalar):
            if scalar.isPlain, scalar.looksLikeNumber { return scalar.text }
            return scalar.isPlain || type.isText ? quoted(scalar.text) : "the text \(quoted(scalar.text))"
        case .sequence: return "a list"
        case .mapping: return "a mapping"
        }
    }

    /// Where the scalars `offsets` of a scalar's text stand; offsets behind the text's end stand at its end.
    package func range(ofScalars offsets: Range<Int>) -> SourceRange {
        guard case .scalar(let scalar) = content else { return range }
        let text = scalar.text
        func byte(_ offset: Int) -> Int {
            let index = text.unicodeScalars.index(
                text.startIndex, offsetBy: max(offset, 0), limitedBy: text.endIndex)
            return text.utf8.distance(from: text.startIndex, to: index ?? text.endIndex)
        }
        return range(ofScalarBytes: byte(offsets.lowerBound)..<byte(offsets.upperBound))
    }
}

extension YAMLNode.Scalar {
    /// True for integers of a length that can be shown, also those that no type can hold.
    fileprivate var looksLikeNumber: Bool {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        return (1...40).contains(digits.count) && digits.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
    }

    /// The words of YAML 1.1.
    package var boolean: Bool? {
        guard isPlain else { return nil }
        switch text {
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return true
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return false
        default: return nil
        }
    }

    /// Decimal or `0x`, with `_` between digits. A number with a zero in front is none: YAML 1.1 takes it for octal,
    /// hardly anybody means that.
    package var integer: Int? {
        guard isPlain else { return nil }
        var digits = Substring(text)
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits = digits.dropFirst() }
        guard let first = digits.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        var radix = 10
        if digits.hasPrefix("0x") {
            radix = 16
            digits = digits.dropFirst(2)
        } else if first == UInt8(ascii: "0"), digits.utf8.count > 1 {
            return nil
        }
        guard digits.utf8.first != UInt8(ascii: "+"), digits.utf8.first != UInt8(ascii: "-") else { return nil }
        let sign = isNegative ? "-" : ""
        return Int(sign + digits.filter { $0 != "_" }, radix: radix)
    }
}

/// `text` in quotes for a message: on one line, without control characters, not endless.
package func quoted(_ text: String) -> String {
    let limit = 60
    var result = "'"
    for (index, scalar) in text.unicodeScalars.enumerated() {
        if index == limit {
            result += "…"
            break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
            result += "\\u{" + String(scalar.value, radix: 16) + "}"
        default:
            result.unicodeScalars.append(scalar)
        }
    }
    return result + "'"
}
