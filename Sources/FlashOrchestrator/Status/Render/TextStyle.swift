// SPDX-License-Identifier: Apache-2.0

/// How words are set off from each other: with colours on a terminal, not at all elsewhere.
package struct TextStyle: Hashable, Sendable {
    package enum Paint: String, Hashable, Sendable {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case cyan = "36"
    }

    package var isColored: Bool

    package static let plain = TextStyle(isColored: false)
    package static let colored = TextStyle(isColored: true)

    package init(isColored: Bool) {
        self.isColored = isColored
    }

    package func paint(_ text: String, _ paint: Paint?) -> String {
        guard isColored, let paint, !text.isEmpty else { return text }
        return "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m"
    }
}

extension String {
    /// Without what could move a terminal's cursor or change its colours: names and messages may come from anywhere.
    package var printable: String {
        // Nearly all text is of these only.
        if utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.isPrintable ? $0 : "\u{FFFD}" }))
    }

    /// As `printable`, of text with lines and tabs.
    package var printableLines: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { $0 == "\n" || $0 == "\t" || $0.properties.isPrintable ? $0 : "\u{FFFD}" }))
    }

    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
