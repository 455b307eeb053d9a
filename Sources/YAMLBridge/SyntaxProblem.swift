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
        var offset = map.byteOffset(ofScalar: index)
        let found = Self.character(at: offset, in: map.bytes)
        let opening = map.position(ofScalar: contextIndex)
        let opened = "line \(opening.line), column \(opening.column)"
        var (message, help) = sentence(found: found, opened: opened)
        if found == nil {
            // At the end of the text: point behind its last character, where there is a line to show.
            while offset > 0, [0x20, 0x09, 0x0A, 0x0D].contains(map.bytes[offset - 1]) { offset -= 1 }
        }
        if found == "{", offset > 0, map.bytes[offset - 1] == UInt8(ascii: "$") {
            message = "this variable is not written correctly"
            help = "write ${NAME} or ${NAME:-default}, and quote the value if it still clashes with { } or [ ]"
        }
        let start = map.position(ofByte: offset)
        let width = found == nil || found == "\n" || found == "\r" ? 0 : 1
        let end = SourcePosition(line: start.line, column: start.column + width)
        return Diagnostic(.error, message, at: SourceRange(start: start, end: end), help: help)
    }

    private static func character(at offset: Int, in bytes: [UInt8]) -> Unicode.Scalar? {
        guard offset < bytes.count else { return nil }
        return String(decoding: bytes[offset..<min(offset + 4, bytes.count)], as: UTF8.self).unicodeScalars.first
    }

    private func sentence(found: Unicode.Scalar?, opened: String) -> (message: String, help: String?) {
        let here =
            switch found {
            case nil: "the end of the text"
            case "\n", "\r": "the end of the line"
            case let scalar?: "'\(scalar)'"
            }
        switch problem {
        case "mapping values are not allowed in this context":
            return (
                "a ': ' is not allowed here", "put text that contains ': ' in quotes, or start a new line for the key"
            )
        case "block sequence entries are not allowed in this context":
            return ("a list entry '-' is not allowed here", "start the list on a line of its own below the key")
        case "mapping keys are not allowed in this context":
            return ("a key is not allowed here", "start the key on a line of its own")
        case "could not find expected ':'":
            return ("expected ':' behind the key, found \(here)", "the key starts at \(opened)")
        case "found character that cannot start any token" where found == "\t":
            return ("a tab cannot indent", "indent with spaces")
        case "found character that cannot start any token":
            return ("a value cannot start with \(here)", "put it in quotes")
        case "did not find expected key":
            return (
                "expected a key or the end of the mapping, found \(here)",
                "the mapping starts at \(opened): its keys start in the same column"
            )
        case "did not find expected '-' indicator":
            return (
                "expected '-' or the end of the list, found \(here)",
                "the list starts at \(opened): its entries start in the same column"
            )
        case "did not find expected ',' or ']'":
            return ("expected ',' or ']', found \(here)", "the list opens at \(opened)")
        case "did not find expected ',' or '}'":
            return ("expected ',' or '}', found \(here)", "the mapping opens at \(opened)")
        case "did not find expected node content":
            return ("expected a value, found \(here)", nil)
        case "did not find expected <document start>":
            return ("the document has ended before this", "a file holds one document; check the indentation")
        case "found unexpected end of stream":
            return ("a quoted text is not closed", "it opens at \(opened)")
        case "found unexpected document indicator":
            return ("a quoted text is not closed before the end of the document", "it opens at \(opened)")
        case "found unknown escape character":
            return ("this escape is not known", "write \\\\ for a backslash, or use single quotes")
        case "did not find expected hexdecimal number":
            return ("expected a hexadecimal digit, found \(here)", "write \\xHH, \\uHHHH or \\UHHHHHHHH")
        case "found invalid Unicode character escape code":
            return ("this escape names no Unicode character", nil)
        case "found a tab character where an indentation space is expected":
            return ("a tab cannot indent", "indent with spaces")
        case "found a tab character that violates indentation":
            return ("a tab cannot indent", "indent with spaces")
        case "found an indentation indicator equal to 0":
            return ("the indentation of a block text is at least 1", nil)
        case "did not find expected comment or line break":
            return ("expected a comment or the end of the line, found \(here)", nil)
        case "did not find expected alphabetic or numeric character":
            let what = context?.contains("alias") == true ? "an alias" : "an anchor"
            return ("the name of \(what) consists of letters, digits, '-' and '_', found \(here)", nil)
        case "found undefined tag handle":
            return ("this tag handle is not declared", nil)
        case "found incompatible YAML document":
            return ("this version of YAML is not supported", "remove the %YAML line")
        case "found unknown directive name", "could not find expected directive name":
            return ("this directive is not known", "put a text that starts with '%' in quotes")
        case "out of memory":
            return ("out of memory while parsing", nil)
        default:
            let place = context.map { " \($0)" } ?? ""
            return ("\(problem)\(place)", contextIndex > 0 ? "it starts at \(opened)" : nil)
        }
    }
}
