// SPDX-License-Identifier: Apache-2.0

/// Makes a `ScalarOrigin` out of the runs of a scalar and the variables that were replaced in it.
struct ScalarOriginBuilder {
    /// A part of the text that another text replaced.
    struct Edit {
        /// Bytes of the text before the replacement.
        var range: Range<Int>
        /// Bytes of the replacement.
        var length: Int
    }

    let lead: Int8
    /// Ascending, the first at 0.
    let runs: [ScalarAligner.Run]
    private var segments: [ScalarOrigin.Segment] = []
    /// The run that holds the last place looked at: places come in ascending order.
    private var current = 0
    /// What the edits so far added.
    private var growth = 0

    init(lead: Int8, runs: [ScalarAligner.Run]) {
        self.lead = lead
        self.runs = runs
    }

    /// - Parameter edits: ascending
    static func origin(
        lead: Int8, runs: [ScalarAligner.Run], edits: [Edit], map: inout TextMap
    ) -> ScalarOrigin {
        var builder = ScalarOriginBuilder(lead: lead, runs: runs)
        var next = 0
        for edit in edits {
            while next < runs.count, runs[next].text < edit.range.lowerBound {
                builder.keep(from: runs[next].text, &map)
                next += 1
            }
            while next < runs.count, runs[next].text <= edit.range.upperBound { next += 1 }
            builder.replace(edit, &map)
            builder.keep(from: edit.range.upperBound, &map)
        }
        for run in runs[next...] { builder.keep(from: run.text, &map) }
        return ScalarOrigin(lead: lead, segments: builder.segments)
    }

    /// Where the bytes of the text before any replacement stand.
    mutating func sourceRange(of range: Range<Int>, _ map: inout TextMap) -> SourceRange {
        let start = source(of: range.lowerBound).lowerBound
        let end = range.isEmpty ? start : source(of: range.upperBound - 1).upperBound
        return map.range(ofBytes: start..<max(start, end))
    }

    private mutating func keep(from offset: Int, _ map: inout TextMap) {
        let source = source(of: offset)
        let isVerbatim = runs[current].width == 0
        append(offset + growth, source, isVerbatim: isVerbatim, &map)
    }

    private mutating func replace(_ edit: Edit, _ map: inout TextMap) {
        let start = source(of: edit.range.lowerBound).lowerBound
        let end = source(of: edit.range.upperBound - 1).upperBound
        append(edit.range.lowerBound + growth, start..<max(start + 1, end), isVerbatim: false, &map)
        growth += edit.length - edit.range.count
    }

    private mutating func append(_ offset: Int, _ source: Range<Int>, isVerbatim: Bool, _ map: inout TextMap) {
        let range = map.range(ofBytes: source)
        let isOneLine = range.start.line == range.end.line
        let columns = isOneLine ? max(1, range.end.column - range.start.column) : 1
        segments.append(ScalarOrigin.Segment(offset: offset, start: range.start, width: isVerbatim ? 0 : columns))
    }

    /// The source of one byte of the text.
    private mutating func source(of offset: Int) -> Range<Int> {
        if runs[current].text > offset { current = 0 }
        while current + 1 < runs.count, runs[current + 1].text <= offset { current += 1 }
        let run = runs[current]
        if run.width > 0 { return run.source..<(run.source + run.width) }
        let start = run.source + offset - run.text
        return start..<(start + 1)
    }
}
