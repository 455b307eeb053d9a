// SPDX-License-Identifier: Apache-2.0

/// A scalar's text as libyaml gave it, with its variables found: `${NAME}`, `${NAME:-default}` and `$$`.
struct VariableText {
    enum Form: Equatable {
        /// `$$`, a dollar.
        case dollar
        case variable(name: String, fallback: String?)
        /// `${` without an end.
        case unclosed
        /// `${...}` that has another form than the two.
        case malformed
    }

    struct Reference: Equatable {
        var form: Form
        /// Bytes of `bytes`.
        var range: Range<Int>
    }

    /// The text as written, UTF-8.
    private(set) var bytes: [UInt8] = []
    private(set) var references: [Reference] = []
    /// Bytes that the search for the ends of variables looked at.
    private(set) var work = 0

    private static let open = UInt8(ascii: "{")
    private static let close = UInt8(ascii: "}")

    /// - Parameter scalar: a scalar of a text that went through `VariableShield.hide`
    init(_ scalar: String) {
        let source = Array(scalar.utf8)
        bytes.reserveCapacity(source.count)
        /// Where a written `${` stands in `bytes`: of those that an escape made it is unknown.
        var starts: [Int] = []
        var offset = 0
        while offset < source.count {
            if let shown = VariableShield.shown(source, at: offset) {
                if shown == Self.open, bytes.last == VariableShield.dollar { starts.append(bytes.count - 1) }
                bytes.append(shown)
                offset += 3
            } else {
                bytes.append(source[offset])
                offset += 1
            }
        }
        find(starts)
    }

    private mutating func find(_ starts: [Int]) {
        var starts = starts[...]
        var offset = 0
        var stop = 0
        while let dollar = bytes[offset...].firstIndex(of: VariableShield.dollar), dollar + 1 < bytes.count {
            while let first = starts.first, first < dollar { starts.removeFirst() }
            let reference: Reference
            if starts.first == dollar {
                reference = variable(at: dollar, stop: &stop)
            } else if bytes[dollar + 1] == VariableShield.dollar, starts.first != dollar + 1 {
                reference = Reference(form: .dollar, range: dollar..<(dollar + 2))
            } else {
                offset = dollar + 1
                continue
            }
            references.append(reference)
            offset = reference.range.upperBound
        }
    }

    /// - Parameter stop: where the last search for an end ended; it is not repeated
    private mutating func variable(at dollar: Int, stop: inout Int) -> Reference {
        let start = dollar + 2
        if stop < start {
            stop = bytes[start...].firstIndex { $0 == Self.close || $0 == UInt8(ascii: "\n") } ?? bytes.count
            work += stop - start
        }
        let end = stop
        guard end < bytes.count, bytes[end] == Self.close else {
            let name = bytes[start...].prefix(while: VariableShield.isNameByte)
            return Reference(form: .unclosed, range: dollar..<name.endIndex)
        }
        let range = dollar..<(end + 1)
        let name = bytes[start..<end].prefix(while: VariableShield.isNameByte)
        let rest = bytes[name.endIndex..<end]
        let startsWithDigit = name.first.map { $0 <= UInt8(ascii: "9") } ?? true
        let nested = zip(rest, rest.dropFirst()).contains { $0 == (VariableShield.dollar, Self.open) }
        guard !startsWithDigit, !nested, rest.isEmpty || rest.starts(with: ":-".utf8) else {
            return Reference(form: .malformed, range: range)
        }
        let fallback = rest.isEmpty ? nil : String(decoding: rest.dropFirst(2), as: UTF8.self)
        return Reference(form: .variable(name: String(decoding: name, as: UTF8.self), fallback: fallback), range: range)
    }
}
