// SPDX-License-Identifier: Apache-2.0

/// Makes the text of one scalar and its origin, with the variables replaced.
struct ScalarBuilder {
    /// The text that libyaml gave.
    let written: String
    let style: Event.Style
    /// Bytes of the source, with quotes.
    let source: Range<Int>
    /// In keys no variable is replaced.
    let isKey: Bool

    typealias Built = (text: String, origin: ScalarOrigin, isFaulty: Bool)

    func build(in document: inout DocumentBuilder, usesDollars: Bool) -> Built {
        guard usesDollars, written.utf8.contains(VariableShield.dollar) else { return plain(written, &document) }
        let variables = VariableText(written)
        document.work += variables.work
        guard !variables.references.isEmpty else {
            return plain(String(decoding: variables.bytes, as: UTF8.self), &document)
        }
        return isKey ? key(variables, &document) : replaced(variables, &document)
    }

    private var lead: Int { style == .singleQuoted || style == .doubleQuoted ? 1 : 0 }

    private var inner: Range<Int> {
        let start = min(source.lowerBound + lead, source.upperBound)
        return start..<max(start, source.upperBound - lead)
    }

    private func plain(_ text: String, _ document: inout DocumentBuilder) -> Built {
        if stands(text.utf8, document) { return (text, ScalarOrigin(lead: Int8(lead)), false) }
        let origin = origin(of: Array(text.utf8), edits: [], &document)
        return (text, origin, false)
    }

    /// Whether the text stands in the source as it is, on one line. (It may on two: a break that YAML 1.1 does not fold,
    /// LS or PS, can come before a line feed.)
    private func stands(_ text: some Collection<UInt8>, _ document: DocumentBuilder) -> Bool {
        let source = document.map.bytes[inner]
        guard text.count == source.count, text.elementsEqual(source) else { return false }
        return !source.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
    }

    private func runs(of bytes: [UInt8], _ document: inout DocumentBuilder) -> [ScalarAligner.Run] {
        let source = document.map.bytes[inner]
        if stands(bytes, document) { return [ScalarAligner.Run(text: 0, source: source.startIndex, width: 0)] }
        return ScalarAligner.runs(of: bytes, in: source, style: style, work: &document.work)
    }

    private func origin(
        of bytes: [UInt8], edits: [ScalarOriginBuilder.Edit], _ document: inout DocumentBuilder
    ) -> ScalarOrigin {
        let runs = runs(of: bytes, &document)
        return ScalarOriginBuilder.origin(lead: Int8(lead), runs: runs, edits: edits, map: &document.map)
    }

    private func key(_ variables: VariableText, _ document: inout DocumentBuilder) -> Built {
        var places = ScalarOriginBuilder(lead: Int8(lead), runs: runs(of: variables.bytes, &document))
        let text = String(decoding: variables.bytes, as: UTF8.self)
        for reference in variables.references where reference.form != .dollar {
            document.diagnostics.error(
                "a variable cannot stand in a key", at: places.sourceRange(of: reference.range, &document.map),
                help: "variables are replaced in values only"
            )
            return (text, origin(of: variables.bytes, edits: [], &document), true)
        }
        return plain(text, &document)
    }

    private func replaced(_ variables: VariableText, _ document: inout DocumentBuilder) -> Built {
        let runs = runs(of: variables.bytes, &document)
        var places = ScalarOriginBuilder(lead: Int8(lead), runs: runs)
        var output: [UInt8] = []
        var edits: [ScalarOriginBuilder.Edit] = []
        var isFaulty = false
        var copied = 0
        for reference in variables.references {
            output += variables.bytes[copied..<reference.range.lowerBound]
            copied = reference.range.upperBound
            let replacement: [UInt8]
            let suggests = !document.diagnostics.isFull
            switch document.expander.replacement(for: reference.form, suggests: suggests) {
            case .text(let text):
                replacement = Array(text.utf8)
            case .fault(let message, let help):
                replacement = Array(variables.bytes[reference.range])
                let range = places.sourceRange(of: reference.range, &document.map)
                document.diagnostics.error(message, at: range, help: help)
                isFaulty = true
            }
            output += replacement
            edits.append(ScalarOriginBuilder.Edit(range: reference.range, length: replacement.count))
        }
        output += variables.bytes[copied...]
        let origin = ScalarOriginBuilder.origin(lead: Int8(lead), runs: runs, edits: edits, map: &document.map)
        return (String(decoding: output, as: UTF8.self), origin, isFaulty)
    }
}
