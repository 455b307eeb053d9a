// SPDX-License-Identifier: Apache-2.0

/// Tells where the text of a scalar stands in the source.
///
/// Nearly all scalars stand there on one line as they are: then this is one byte and no allocation. The others
/// (escapes, folded lines, variables) are a list of segments.
struct ScalarOrigin: Hashable, Sendable {
    /// A part of the scalar's text, up to the next segment.
    struct Segment: Hashable, Sendable {
        /// In the UTF-8 of the text.
        var offset: Int
        var start: SourcePosition
        /// Columns of the source that all of the segment comes from; 0 where it stands there as it is.
        var width: Int
    }

    /// Columns from the start of the scalar's range to its text: 1 for quoted ones.
    var lead: Int8
    /// Ascending; empty where all of the text stands as it is.
    var segments: [Segment] = []

    func range(of bytes: Range<Int>, in text: String, at whole: SourceRange) -> SourceRange {
        let start = place(of: bytes.lowerBound, in: text, at: whole).start
        guard !bytes.isEmpty else { return SourceRange(start: start, end: start) }
        let last = place(of: bytes.upperBound - 1, in: text, at: whole)
        let end = SourcePosition(line: last.start.line, column: last.start.column + last.width)
        return SourceRange(start: start, end: max(start, end))
    }

    /// The character (or escape, or variable) at a byte, and how many columns it has.
    private func place(of offset: Int, in text: String, at whole: SourceRange) -> (start: SourcePosition, width: Int) {
        let offset = min(max(offset, 0), text.utf8.count)
        let first = SourcePosition(line: whole.start.line, column: whole.start.column + Int(lead))
        let segment = segment(at: offset) ?? Segment(offset: 0, start: first, width: 0)
        guard segment.width == 0 else {
            // What follows the last byte stands behind the escape.
            guard offset == text.utf8.count, offset > segment.offset else { return (segment.start, segment.width) }
            return (SourcePosition(line: segment.start.line, column: segment.start.column + segment.width), 0)
        }
        let column = segment.start.column + text.scalarCount(segment.offset..<offset)
        return (SourcePosition(line: segment.start.line, column: column), 1)
    }

    private func segment(at offset: Int) -> Segment? {
        var low = 0
        var high = segments.count
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].offset <= offset { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : segments[low - 1]
    }
}

extension String {
    /// Unicode scalars whose last byte lies in a range of the UTF-8: of a character cut in two, the part before
    /// does not count.
    fileprivate func scalarCount(_ bytes: Range<Int>) -> Int {
        let start = utf8.index(utf8.startIndex, offsetBy: bytes.lowerBound)
        let end = utf8.index(utf8.startIndex, offsetBy: bytes.upperBound)
        let leads = utf8[start..<end].reduce(0) { $0 + (TextMap.isContinuation($1) ? 0 : 1) }
        let cutsCharacter = end < utf8.endIndex && TextMap.isContinuation(utf8[end])
        return leads - (cutsCharacter ? 1 : 0)
    }
}
