// SPDX-License-Identifier: Apache-2.0

import Testing
import YAMLBridge

@Suite("Positions of generated documents")
struct PositionPropertyTests {
    @Test("each scalar is read as it was meant, and stands where it was written", arguments: 0..<400)
    func roundTrip(seed: Int) {
        let sample = SampleDocument(seed: UInt64(seed))
        let text = sample.text
        let parsed = Parsed(text, SampleDocument.variables)
        #expect(parsed.faults == [], "\(text)")
        guard let root = parsed.root else { return }
        let found = scalars(of: root)
        #expect(found.map(\.text) == sample.scalars.map(\.text), "\(text)")
        let lines = Lines(text)
        for (found, expected) in zip(found, sample.scalars) {
            #expect(lines.slice(found.range) == expected.source, "\(text)")
            guard let node = found.node, case .scalar(let scalar) = node.content else { continue }
            #expect(scalar.isPlain == expected.isPlain)
            var offset = 0
            for piece in expected.pieces {
                let bytes = offset..<(offset + piece.text.utf8.count)
                offset = bytes.upperBound
                guard piece.hasPlace else { continue }
                #expect(lines.slice(node.range(ofScalarBytes: bytes)) == piece.source, "\(bytes) of \(expected.source)")
                guard piece.source == piece.text else { continue }
                for (index, character) in zip(piece.text.unicodeScalars.indices, piece.text.unicodeScalars) {
                    let start = bytes.lowerBound + piece.text.utf8.distance(from: piece.text.startIndex, to: index)
                    let range = node.range(ofScalarBytes: start..<(start + UTF8.width(character)))
                    #expect(lines.slice(range) == String(character), "\(start) of \(expected.source)")
                }
            }
        }
    }

    private typealias Found = (text: String, range: SourceRange, node: YAMLNode?)

    private func scalars(of node: YAMLNode) -> [Found] {
        switch node.content {
        case .scalar(let scalar): [(scalar.text, node.range, node)]
        case .sequence(let items): items.flatMap(scalars)
        case .mapping(let entries): entries.flatMap { [($0.key, $0.keyRange, nil)] + scalars(of: $0.value) }
        }
    }
}

/// A text cut into lines, by other code than that under test.
private struct Lines {
    private var lines: [[Unicode.Scalar]] = [[]]

    init(_ text: String) {
        for scalar in text.unicodeScalars {
            lines[lines.count - 1].append(scalar)
            if scalar == "\n" { lines.append([]) }
        }
    }

    func slice(_ range: SourceRange) -> String {
        var result = String.UnicodeScalarView()
        for line in range.start.line...max(range.start.line, range.end.line) where lines.indices.contains(line - 1) {
            let scalars = lines[line - 1]
            let start = line == range.start.line ? range.start.column - 1 : 0
            let end = line == range.end.line ? range.end.column - 1 : scalars.count
            guard 0 <= start, start <= end, end <= scalars.count else { return "no such range" }
            result.append(contentsOf: scalars[start..<end])
        }
        return String(result)
    }
}
