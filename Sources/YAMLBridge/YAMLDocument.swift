// SPDX-License-Identifier: Apache-2.0

/// Reads a YAML 1.1 text of one document.
///
/// Variables: in scalar values, not in keys, `${NAME}` is replaced with the value of the variable, and
/// `${NAME:-default}` with the default where the variable is unset or empty; `$$` is a dollar sign; every other
/// dollar stands for itself. The replacement is text: it is neither parsed nor looked through for variables, and a
/// plain scalar stays plain, so that `threads: ${N}` is a number. In `{ }` and `[ ]` a variable needs no quotes.
package enum YAMLDocument {
    /// Parses a text and finds all faults that one run can find: behind broken syntax, broken UTF-8 or
    /// a second document nothing is looked at.
    /// - Parameters:
    ///   - bytes: UTF-8, with or without byte order mark
    ///   - variables: by name
    /// - Returns: `root` is nil where there is no document that makes sense as a whole (then there is an error); beside
    ///   other errors it is what could be understood. `diagnostics` are in the order of the text.
    package static func parse(
        _ bytes: [UInt8], variables: [String: String], limits: YAMLLimits = .standard
    ) -> (root: YAMLNode?, diagnostics: [Diagnostic]) {
        let result = read(bytes, variables: variables, limits: limits)
        return (result.root, result.diagnostics)
    }

    /// The names that the variables of a text have, whether they are set or not; as far as its syntax is right.
    package static func variableNames(in bytes: [UInt8], limits: YAMLLimits = .standard) -> Set<String> {
        read(bytes, variables: [:], limits: limits).variableNames
    }

    /// What `parse` returns, and what it took.
    struct Result {
        var root: YAMLNode?
        var diagnostics: [Diagnostic]
        var variableNames: Set<String> = []
        /// Steps that are not bounded by a constant a node: for the tests that hold the cost linear.
        var work = 0
    }

    static func read(_ bytes: [UInt8], variables: [String: String], limits: YAMLLimits) -> Result {
        guard bytes.count <= limits.bytes else {
            let message = "the document has \(bytes.count) bytes, more than \(limits.bytes)"
            return Result(root: nil, diagnostics: [Diagnostic(.error, message, at: nil)])
        }
        let lines = SourceLines(bytes)
        let faults = TextCheck.faults(in: lines.bytes, limit: limits.diagnostics)
        guard faults.isEmpty else {
            return Result(root: nil, diagnostics: faults.map { $0.diagnostic(in: lines.bytes) })
        }
        var work = 0
        let shielded = VariableShield.hide(lines.bytes, work: &work)
        let expander = VariableExpander(variables: variables, limit: limits.substitutedBytes)
        var builder = DocumentBuilder(map: TextMap(lines), limits: limits, expander: expander, work: work)
        (shielded ?? lines.bytes).withUnsafeBufferPointer { text in
            builder.build(from: text)
        }
        return builder.result
    }
}

extension TextCheck.Fault {
    fileprivate func diagnostic(in bytes: [UInt8]) -> Diagnostic {
        switch self {
        case .utf16:
            return Diagnostic(.error, "the text is UTF-16", at: nil, help: "save it as UTF-8")
        case .invalidUTF8(let offset):
            let byte = String(bytes[offset], radix: 16)
            let message = "this is not UTF-8: byte 0x\(byte.count == 1 ? "0" : "")\(byte)"
            return Diagnostic(.error, message, at: Self.range(at: offset, in: bytes), help: "save the text as UTF-8")
        case .forbidden(let scalar, let offset):
            let hex = String(scalar.value, radix: 16, uppercase: true)
            let name = "U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
            return Diagnostic(
                .error, "the character \(name) is not allowed in YAML", at: Self.range(at: offset, in: bytes),
                help: "write it as an escape in double quotes, or remove it"
            )
        }
    }

    private static func range(at offset: Int, in bytes: [UInt8]) -> SourceRange {
        var map = TextMap(SourceLines(Array(bytes[..<offset])))
        let start = map.position(ofByte: offset)
        return SourceRange(start: start, end: SourcePosition(line: start.line, column: start.column + 1))
    }
}
