// SPDX-License-Identifier: Apache-2.0

/// Reads `end -> end -> …`. After a fault it goes on behind the next arrow, so that one text can have several.
struct LinkTextParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var faults: [LinkText.Fault] = []

    /// Behind so many faults of a text it is not read on.
    private static let faultLimit = 100
    private static let example = "a path is written like 'lan:0 -> firewall -> wan:0'"

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    mutating func parse() -> LinkText {
        var ends: [LinkText.End?] = []
        repeat {
            let end = end()
            ends.append(end)
            if end == nil { skipToArrow() }
        } while faults.count < Self.faultLimit && arrow()
        return LinkText(ends: ends, faults: faults, length: scalars.count)
    }

    /// nil: reported.
    private mutating func end() -> LinkText.End? {
        skipSpaces()
        let start = position
        while let scalar = peek(), TextRule.isInName(scalar), !isAtArrow { position += 1 }
        guard position > start else {
            report("expected the name of an interface or NF\(foundInstead())", help: Self.example)
            return nil
        }
        var end = LinkText.End(name: text(start..<position), nameSpan: start..<position)
        skipSpaces()
        switch peek() {
        case ":": guard queue(of: &end) else { return nil }
        case "[": guard output(of: &end) else { return nil }
        default: position = end.nameSpan.upperBound
        }
        return end
    }

    private mutating func queue(of end: inout LinkText.End) -> Bool {
        let start = position
        position += 1
        skipSpaces()
        let digits = position
        while let scalar = peek(), ("0"..."9").contains(scalar) { position += 1 }
        guard position > digits else {
            report("expected a queue number behind ':'\(foundInstead())", help: "for example '\(end.name):0'")
            return false
        }
        guard let number = Int(text(digits..<position)), number < TopologySchema.queueLimit else {
            faults.append(
                LinkText.Fault(
                    message: "queue numbers go from 0 to \(TopologySchema.queueLimit - 1)", span: digits..<position))
            return false
        }
        end.selector = .queue(number)
        end.selectorSpan = start..<position
        return true
    }

    private mutating func output(of end: inout LinkText.End) -> Bool {
        let start = position
        position += 1
        while let scalar = peek(), scalar != "]", !isAtArrow { position += 1 }
        guard peek() == "]" else {
            report("expected ']' behind the output's name\(foundInstead())", help: "for example '\(end.name)[deny]'")
            return false
        }
        let name = trimmed(start + 1..<position)
        position += 1
        guard !name.isEmpty else {
            faults.append(
                LinkText.Fault(
                    message: "expected the name or number of an output between '[' and ']'", span: start..<position,
                    help: "for example '\(end.name)[deny]' or '\(end.name)[1]'"))
            return false
        }
        end.selector = .output(name)
        end.selectorSpan = start..<position
        return true
    }

    /// Goes behind the next arrow; false at the end of the text. What looks like an arrow, and a missing one, is
    /// reported and taken for it, so that the names behind it are still read.
    private mutating func arrow() -> Bool {
        skipSpaces()
        guard position < scalars.count else { return false }
        if isAtArrow {
            position += 2
            return true
        }
        let start = position
        while let scalar = peek(), Self.arrowLike.contains(scalar) { position += 1 }
        if position > start {
            faults.append(
                LinkText.Fault(
                    message: "expected '->', found \(quoted(text(start..<position)))", span: start..<position,
                    help: Self.example))
            return true
        }
        report("expected '->'\(foundInstead())", help: Self.example)
        if let scalar = peek(), TextRule.isInName(scalar) { return true }
        skipToArrow()
        guard isAtArrow else { return false }
        position += 2
        return true
    }

    private static let arrowLike: Set<Unicode.Scalar> = ["-", "=", ">", "→", "⇒", "–", "—", "~"]

    private var isAtArrow: Bool {
        position + 1 < scalars.count && scalars[position] == "-" && scalars[position + 1] == ">"
    }

    private mutating func skipToArrow() {
        while position < scalars.count, !isAtArrow { position += 1 }
    }

    private mutating func skipSpaces() {
        while let scalar = peek(), scalar.properties.isWhitespace { position += 1 }
    }

    private func peek() -> Unicode.Scalar? {
        position < scalars.count ? scalars[position] : nil
    }

    private func text(_ span: Range<Int>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[span])
        return text
    }

    private func trimmed(_ span: Range<Int>) -> String {
        var span = span
        while let first = span.first, scalars[first].properties.isWhitespace { span.removeFirst() }
        while let last = span.last, scalars[last].properties.isWhitespace { span.removeLast() }
        return text(span)
    }

    private func foundInstead() -> String {
        guard let scalar = peek() else { return ", found the end of the link" }
        if isAtArrow { return ", found '->'" }
        return ", found " + quoted(String(Character(scalar)))
    }

    private mutating func report(_ message: String, help: String?) {
        let width = isAtArrow ? 2 : 1
        faults.append(LinkText.Fault(message: message, span: position..<position + width, help: help))
    }
}
