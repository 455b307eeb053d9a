// SPDX-License-Identifier: Apache-2.0

internal import CLibYAML

/// libyaml's event parser over a text in memory: one event a call. Owns the parser.
struct EventReader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>

    /// - Parameter text: valid UTF-8; must stay in place as long as the reader lives
    /// - Returns: nil where memory ran out
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            return nil
        }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, text.baseAddress, text.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next event. After `.streamEnd` or an error there is none: do not ask again.
    mutating func next() throws(SyntaxProblem) -> Event {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else { throw problem() }
        defer { yaml_event_delete(&raw) }
        return Event(raw)
    }

    private func problem() -> SyntaxProblem {
        let state = parser.pointee
        guard state.error != YAML_MEMORY_ERROR else { return SyntaxProblem(problem: "out of memory", index: 0) }
        let isReader = state.error == YAML_READER_ERROR
        return SyntaxProblem(
            problem: state.problem.map { String(cString: $0) } ?? "unknown",
            index: isReader ? 0 : Int(clamping: state.problem_mark.index),
            context: state.context.map { String(cString: $0) },
            contextIndex: Int(clamping: state.context_mark.index)
        )
    }
}

/// One step through a document. `start` and `end` count Unicode scalars from the beginning of the text.
struct Event {
    enum Style {
        case plain
        case singleQuoted
        case doubleQuoted
        case block
    }

    enum Kind {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(String, Style)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    let kind: Kind
    let start: Int
    let end: Int
    /// Name of the node's own anchor.
    let anchor: String?
    /// The node's tag with its handle resolved, for example `tag:yaml.org,2002:str`.
    let tag: String?
}

extension Event {
    fileprivate init(_ raw: yaml_event_t) {
        start = Int(clamping: raw.start_mark.index)
        end = Int(clamping: raw.end_mark.index)
        switch raw.type {
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let style: Style =
                switch scalar.style {
                case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
                case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
                case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: .block
                default: .plain
                }
            kind = .scalar(String(decoding: bytes, as: UTF8.self), style)
            anchor = string(scalar.anchor)
            tag = string(scalar.tag)
            return
        case YAML_SEQUENCE_START_EVENT:
            kind = .sequenceStart
            anchor = string(raw.data.sequence_start.anchor)
            tag = string(raw.data.sequence_start.tag)
            return
        case YAML_MAPPING_START_EVENT:
            kind = .mappingStart
            anchor = string(raw.data.mapping_start.anchor)
            tag = string(raw.data.mapping_start.tag)
            return
        case YAML_ALIAS_EVENT: kind = .alias(string(raw.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_END_EVENT: kind = .sequenceEnd
        case YAML_MAPPING_END_EVENT: kind = .mappingEnd
        case YAML_DOCUMENT_START_EVENT: kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
        case YAML_STREAM_START_EVENT: kind = .streamStart
        default: kind = .streamEnd
        }
        anchor = nil
        tag = nil
    }
}

private func string(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    bytes.map { String(cString: $0) }
}
