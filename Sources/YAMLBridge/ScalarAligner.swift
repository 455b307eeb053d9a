// SPDX-License-Identifier: Apache-2.0

/// Lays the text of a scalar beside its source, and finds the runs in which both are the same bytes.
///
/// It follows the rules of YAML 1.1 for folding, escapes and indentation only as far as positions need them:
/// where the two do not match, the rest is one run without inner positions.
struct ScalarAligner {
    /// A part of the text, up to the next run.
    struct Run: Equatable {
        /// Offset in the text.
        var text: Int
        /// Offset in the source.
        var source: Int
        /// Bytes of the source that all of the run comes from; 0 where both are the same bytes.
        var width: Int
    }

    private let text: [UInt8]
    private let source: ArraySlice<UInt8>
    private var runs: [Run] = []
    private var read: Int
    private var written = 0
    private var isVerbatim = false
    /// Up to here no line break follows blanks: they need not be looked through again.
    private var noFoldBefore = 0
    private var work = 0

    private init(_ text: [UInt8], _ source: ArraySlice<UInt8>) {
        self.text = text
        self.source = source
        read = source.startIndex
    }

    /// - Parameters:
    ///   - source: what stands in the file, without quotes; for block scalars with the header
    ///   - work: gets the bytes added that were looked at ahead
    /// - Returns: ascending in `text`, the first at 0
    static func runs(
        of text: [UInt8], in source: ArraySlice<UInt8>, style: Event.Style, work: inout Int
    ) -> [Run] {
        var aligner = ScalarAligner(text, source)
        if style == .block { aligner.alignBlock() } else { aligner.alignFlow(style) }
        work += aligner.work
        return aligner.runs
    }

    private func isBlank(_ offset: Int) -> Bool {
        offset < source.endIndex && (source[offset] == UInt8(ascii: " ") || source[offset] == UInt8(ascii: "\t"))
    }

    private func isBreak(_ offset: Int) -> Bool {
        offset < source.endIndex && (source[offset] == UInt8(ascii: "\n") || source[offset] == UInt8(ascii: "\r"))
    }

    private mutating func skipBreak() {
        let isReturn = source[read] == UInt8(ascii: "\r")
        read += 1
        if isReturn, isBreak(read), source[read] == UInt8(ascii: "\n") { read += 1 }
    }

    private mutating func verbatim() {
        if !isVerbatim { runs.append(Run(text: written, source: read, width: 0)) }
        isVerbatim = true
        read += 1
        written += 1
    }

    /// `width` bytes of the source became the next `length` bytes of the text.
    private mutating func replaced(width: Int, length: Int) {
        runs.append(Run(text: written, source: read, width: max(width, 1)))
        isVerbatim = false
        written = min(written + length, text.count)
    }

    private mutating func mismatch() {
        replaced(width: max(1, source.endIndex - read), length: text.count - written)
    }
}

// MARK: - Plain and quoted scalars

extension ScalarAligner {
    private mutating func alignFlow(_ style: Event.Style) {
        while written < text.count {
            guard read < source.endIndex else { return mismatch() }
            if style == .doubleQuoted, source[read] == UInt8(ascii: "\\") {
                escape()
            } else if style == .singleQuoted, source[read] == UInt8(ascii: "'") {
                replaced(width: 2, length: 1)
                read += 2
            } else if let foldEnd = endOfFold() {
                fold(to: foldEnd)
            } else if source[read] == text[written] {
                verbatim()
            } else {
                return mismatch()
            }
        }
    }

    /// Just behind blanks, line breaks and blanks; nil where no line break is among them.
    private mutating func endOfFold() -> Int? {
        guard read >= noFoldBefore, isBlank(read) || isBreak(read) else { return nil }
        var end = read
        while isBlank(end) { end += 1 }
        work += end - read
        guard isBreak(end) else {
            noFoldBefore = end
            return nil
        }
        while isBlank(end) || isBreak(end) { end += 1 }
        return end
    }

    /// One line break is a space in the text; of several, all but the first.
    private mutating func fold(to end: Int) {
        var length = 0
        while written + length < text.count, text[written + length] == UInt8(ascii: "\n") { length += 1 }
        if length == 0, text[written] == UInt8(ascii: " ") { length = 1 }
        replaced(width: 1, length: length)
        read = end
    }

    private mutating func escape() {
        guard read + 1 < source.endIndex else { return mismatch() }
        if isBreak(read + 1) {
            read += 1
            skipBreak()
            while isBlank(read) || isBreak(read) {
                if isBreak(read) {
                    replaced(width: 1, length: written < text.count && text[written] == UInt8(ascii: "\n") ? 1 : 0)
                    skipBreak()
                } else {
                    read += 1
                }
            }
            isVerbatim = false
            return
        }
        let width =
            switch source[read + 1] {
            case UInt8(ascii: "x"): 4
            case UInt8(ascii: "u"): 6
            case UInt8(ascii: "U"): 10
            default: 2
            }
        let rest = text[written...].dropFirst()
        replaced(width: width, length: 1 + rest.prefix(while: TextMap.isContinuation).count)
        read += width
    }
}

// MARK: - Block scalars

extension ScalarAligner {
    private mutating func alignBlock() {
        skipLine()
        var indentation: Int?
        while written < text.count {
            guard read < source.endIndex else { return mismatch() }
            let line = source[read...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            let spaces = line.prefix { $0 == UInt8(ascii: " ") }.count
            if indentation == nil, spaces < line.count {
                indentation = max(0, spaces - leadingSpaces())
            }
            let content = line.dropFirst(indentation ?? line.count)
            if !content.isEmpty {
                separator(before: content)
                guard text[written...].starts(with: content) else { return mismatch() }
                read = content.startIndex
                isVerbatim = false
                for _ in content { verbatim() }
            }
            skipLine()
        }
    }

    private mutating func skipLine() {
        while read < source.endIndex, !isBreak(read) { read += 1 }
        if isBreak(read) { skipBreak() }
    }

    /// Of the first line of the text that is not blank: what is there is not indentation.
    private func leadingSpaces() -> Int {
        var offset = written
        while offset < text.count, text[offset] == UInt8(ascii: "\n") { offset += 1 }
        return text[offset...].prefix { $0 == UInt8(ascii: " ") }.count
    }

    /// The line breaks, or the one space, that the text has between two lines.
    private mutating func separator(before content: ArraySlice<UInt8>) {
        var length = 0
        while written + length < text.count, text[written + length] == UInt8(ascii: "\n") { length += 1 }
        if length == 0, text[written] == UInt8(ascii: " "), !text[written...].starts(with: content) { length = 1 }
        guard length > 0 else { return }
        replaced(width: 1, length: length)
    }
}
