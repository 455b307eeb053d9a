// SPDX-License-Identifier: Apache-2.0

/// What libyaml could not parse, in its own words, with offsets in Unicode scalars.
struct SyntaxProblem: Error {
    var problem: String
    var index: Int
    var context: String?
    var contextIndex: Int = 0
}

extension SyntaxProblem {
    /// The problem in words that say what to do. libyaml has no error codes, only these texts (scanner.c and
    /// parser.c of 0.2.5); a text that is not known here is passed on as it is.
    func diagnostic(_ map: inout TextMap) -> Diagnostic {
        let opening = map.position(ofScalar: contextIndex)
        let place = Place(map.byteOffset(ofScalar: index), in: map.bytes)
        let (message, help) = sentence(place, opened: "line \(opening.line), column \(opening.column)")
        let range = pointsAtContext ? map.byteOffset(ofScalar: contextIndex) : nil
        let bytes = range.map { Self.restOfLine(from: $0, in: map.bytes, isQuote: problem != Self.missingColon) }
        return Diagnostic(.error, message, at: map.range(ofBytes: bytes ?? place.range), help: help)
    }

    private static let missingColon = "could not find expected ':'"
    private static let openQuote = ["found unexpected end of stream", "found unexpected document indicator"]

    /// Whether the fault is where something began, not where libyaml noticed it.
    private var pointsAtContext: Bool {
        context != nil && (problem == Self.missingColon || Self.openQuote.contains(problem))
    }

    private static func restOfLine(from start: Int, in bytes: [UInt8], isQuote: Bool) -> Range<Int> {
        guard !isQuote else { return start..<min(start + 1, bytes.count) }
        let line = bytes[start...].prefix { $0 != 0x0A && $0 != 0x0D }
        let end = line.lastIndex { $0 != 0x20 && $0 != 0x09 }
        return start..<(end.map { $0 + 1 } ?? start)
    }

    private func sentence(_ place: Place, opened: String) -> (message: String, help: String?) {
        switch problem {
        case "mapping values are not allowed in this context":
            return (
                "a ':' is not allowed here",
                place.hasColonBefore
                    ? "put a text that contains ': ' in quotes, or start a new line for the key"
                    : "check the indentation of this line and the one before"
            )
        case "block sequence entries are not allowed in this context":
            return ("a list entry '-' is not allowed here", "start the list on a line of its own below the key")
        case "mapping keys are not allowed in this context":
            return ("a key is not allowed here", "start the key on a line of its own")
        case Self.missingColon:
            return ("expected ':' behind this key", "write 'key: value', or '- value' for an entry of a list")
        case "found character that cannot start any token" where place.isTab,
            "found a tab character where an indentation space is expected",
            "found a tab character that violates indentation":
            return ("a tab cannot indent", "indent with spaces")
        case "found character that cannot start any token":
            return ("a value cannot start with \(place.found)", "put it in quotes")
        case "did not find expected key", "did not find expected '-' indicator":
            return afterBlock(place, opened: opened)
        case "did not find expected ',' or ']'":
            return ("expected ',' or ']', found \(place.found)", "the list opens at \(opened)")
        case "did not find expected ',' or '}'":
            return ("expected ',' or '}', found \(place.found)", "the mapping opens at \(opened)")
        case "did not find expected node content":
            return ("expected a value, found \(place.found)", nil)
        case "did not find expected <document start>":
            return ("the document has ended before this", "check the indentation; a file holds one document")
        case "found unexpected end of stream", "found unexpected document indicator":
            return (
                "this quoted text is not closed", "inside single quotes write '' for one, inside double quotes \\\""
            )
        case "found unknown escape character":
            return ("this escape is not known", "write \\\\ for a backslash, or use single quotes")
        case "did not find expected hexdecimal number":
            return ("expected a hexadecimal digit, found \(place.found)", "write \\xHH, \\uHHHH or \\UHHHHHHHH")
        case "found invalid Unicode character escape code":
            return ("this escape names no Unicode character", nil)
        case "found an indentation indicator equal to 0":
            return ("the indentation of a block text is at least 1", nil)
        case "did not find expected comment or line break":
            return ("expected a comment or the end of the line, found \(place.found)", nil)
        case "did not find expected alphabetic or numeric character":
            let what = context?.contains("alias") == true ? "an alias" : "an anchor"
            return ("expected the name of \(what), found \(place.found)", "it has letters, digits, '-' and '_'")
        case "found undefined tag handle":
            return ("this tag handle is not declared", nil)
        case "found incompatible YAML document":
            return ("this version of YAML is not supported", "remove the %YAML line")
        case "found unknown directive name", "could not find expected directive name":
            return ("this directive is not known", "put a text that starts with '%' in quotes")
        case "out of memory":
            return ("out of memory while parsing", nil)
        default:
            return ("\(problem)\(context.map { " \($0)" } ?? "")", contextIndex > 0 ? "it starts at \(opened)" : nil)
        }
    }

    /// Something that fits into no block collection: behind a value on its line, or indented wrongly.
    private func afterBlock(_ place: Place, opened: String) -> (message: String, help: String?) {
        guard place.isFirstOfLine else {
            let help = place.followsQuote ? "a quoted text ends at its quote: put all of the value in quotes" : nil
            return ("unexpected \(place.found) behind the value", help)
        }
        if problem == "did not find expected key" {
            return (
                "expected a key or the end of the mapping, found \(place.found)",
                "the mapping starts at \(opened): its keys start in the same column"
            )
        }
        return (
            "expected '-' or the end of the list, found \(place.found)",
            "the list starts at \(opened): its entries start in the same column"
        )
    }
}

/// The surroundings of a byte that was not expected.
private struct Place {
    /// The character, or nothing behind the last one of the text or of the line.
    let range: Range<Int>
    /// In words.
    let found: String
    let isTab: Bool
    let isFirstOfLine: Bool
    let followsQuote: Bool
    /// Whether a key stands before it on its line.
    let hasColonBefore: Bool

    init(_ offset: Int, in bytes: [UInt8]) {
        var start = offset
        if offset >= bytes.count {
            // Point behind the last character, where there is a line to show.
            while start > 0, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[start - 1]) { start -= 1 }
        }
        let rest = bytes[offset..<min(offset + 4, bytes.count)]
        let scalar = String(decoding: rest, as: UTF8.self).unicodeScalars.first
        switch scalar {
        case nil:
            (range, found) = (start..<start, "the end of the text")
        case "\n", "\r":
            (range, found) = (start..<start, "the end of the line")
        case let scalar?:
            (range, found) = (start..<(start + UTF8.width(scalar)), scalar == "'" ? "\"'\"" : "'\(scalar)'")
        }
        isTab = scalar == "\t"
        let line = bytes[..<start].suffix(while: { $0 != 0x0A && $0 != 0x0D })
        let before = line.last { $0 != 0x20 && $0 != 0x09 }
        isFirstOfLine = before == nil
        followsQuote = before == UInt8(ascii: "'") || before == UInt8(ascii: "\"")
        hasColonBefore = zip(line, line.dropFirst()).contains { $0 == (UInt8(ascii: ":"), 0x20) }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func suffix(while predicate: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        guard let last = lastIndex(where: { !predicate($0) }) else { return self }
        return self[(last + 1)...]
    }
}
