// SPDX-License-Identifier: Apache-2.0

/// A generator of the same numbers for the same seed (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A random YAML text, with what each of its scalars must be read as and where each piece of it stands.
struct SampleDocument {
    /// A part of a scalar: as written, and as read.
    struct Piece {
        var source: String
        var text: String
        /// Whether the place of the text is the place of the source: not so for a folded line break.
        var hasPlace = true
    }

    struct Scalar {
        var pieces: [Piece]
        var isPlain: Bool
        /// With quotes.
        var source: String
        var text: String { pieces.map(\.text).joined() }
    }

    static let variables = ["V": "value", "LONG": "a much longer value", "EMPTY": ""]

    private(set) var text = ""
    /// Keys and values in the order of the text.
    private(set) var scalars: [Scalar] = []
    private var random: SeededGenerator
    private var keys = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        if chance(5) { text += "# comment é\n" }
        blockMapping(indentation: 0, depth: 0)
    }

    private mutating func chance(_ oneIn: Int) -> Bool { Int.random(in: 0..<oneIn, using: &random) == 0 }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    // MARK: Collections

    private mutating func blockMapping(indentation: Int, depth: Int) {
        for index in 0..<Int.random(in: 1...4, using: &random) {
            if index > 0 || depth == 0 { text += String(repeating: " ", count: indentation) }
            key()
            text += ":"
            blockValue(indentation: indentation, depth: depth)
            if chance(6) { text += "\n# comment\n" }
        }
    }

    private mutating func blockSequence(indentation: Int, depth: Int) {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            text += String(repeating: " ", count: indentation) + "-"
            if chance(3), depth < 4 {
                text += " "
                blockMapping(indentation: indentation + 2, depth: depth + 1)
            } else {
                blockValue(indentation: indentation, depth: depth)
            }
        }
    }

    private mutating func blockValue(indentation: Int, depth: Int) {
        let inner = indentation + 2
        switch Int.random(in: 0..<(depth < 4 ? 8 : 5), using: &random) {
        case 0...2:
            text += " "
            scalar(inFlow: false)
            text += chance(4) ? "  # comment\n" : "\n"
        case 3:
            text += " "
            flow(depth: depth)
            text += "\n"
        case 4:
            text += " "
            literal(indentation: inner)
        case 5...6:
            text += "\n" + String(repeating: " ", count: inner)
            blockMapping(indentation: inner, depth: depth + 1)
        default:
            text += "\n"
            blockSequence(indentation: inner, depth: depth + 1)
        }
    }

    private mutating func flow(depth: Int) {
        let isMapping = chance(2)
        text += isMapping ? "{ " : "["
        for index in 0..<Int.random(in: 0...3, using: &random) {
            if index > 0 { text += chance(4) ? ",\n          " : ", " }
            if isMapping {
                key()
                text += ": "
            }
            if chance(4), depth < 4 { flow(depth: depth + 1) } else { scalar(inFlow: true) }
        }
        text += isMapping ? " }" : "]"
    }

    // MARK: Scalars

    private mutating func key() {
        keys += 1
        let name = pick(["key", "schlüssel", "鍵", "a key"]) + "\(keys)"
        append(pieces: [Piece(source: name, text: name)], quote: pick(["", "'", "\""]))
    }

    private mutating func scalar(inFlow: Bool) {
        let quote = pick(["", "", "'", "\""])
        var pieces = [verbatim(pick(["lan:0", "x", "é", "日本", "😀", "10.10.0.1/24", "$", "\u{301}a"]))]
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            pieces.append(space())
            pieces.append(word(quote))
        }
        append(pieces: pieces, quote: quote)
    }

    private func verbatim(_ text: String) -> Piece { Piece(source: text, text: text) }

    private mutating func space() -> Piece {
        guard chance(12) else { return verbatim(chance(8) ? "   " : " ") }
        return Piece(
            source: pick([" ", ""]) + pick(["\n", "\r\n"]) + String(repeating: " ", count: 40), text: " ",
            hasPlace: false)
    }

    private mutating func word(_ quote: String) -> Piece {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            return pick([
                Piece(source: "${V}", text: "value"), Piece(source: "${LONG}", text: "a much longer value"),
                Piece(source: "${U:-d: é, [x] #}", text: "d: é, [x] #"), Piece(source: "$$", text: "$"),
            ])
        case 1 where quote == "'":
            return Piece(source: "''", text: "'")
        case 1 where quote == "\"", 2 where quote == "\"":
            return pick([
                Piece(source: "\\n", text: "\n"), Piece(source: "\\x41", text: "A"),
                Piece(source: "\\u00e9", text: "é"),
                Piece(source: "\\U0001F600", text: "😀"), Piece(source: "\\\"", text: "\""),
                Piece(source: "\\\\", text: "\\"),
                Piece(source: "\\_", text: "\u{A0}"), Piece(source: "\\\n            x", text: "x", hasPlace: false),
            ])
        default:
            return verbatim(pick(["->", "firewall", "é", "日本", "😀😀", "wan:0", "a-b", "$", "$x", "\u{301}"]))
        }
    }

    private mutating func append(pieces: [Piece], quote: String) {
        let source = quote + pieces.map(\.source).joined() + quote
        text += source
        scalars.append(Scalar(pieces: pieces, isPlain: quote.isEmpty, source: source))
    }

    private mutating func literal(indentation: Int) {
        let isFolded = chance(2)
        var source = isFolded ? ">" : "|"
        var pieces: [Piece] = []
        let margin = String(repeating: " ", count: indentation)
        for index in 0..<Int.random(in: 1...3, using: &random) {
            if index > 0 { pieces.append(Piece(source: "", text: isFolded ? " " : "\n", hasPlace: false)) }
            var line = [verbatim(pick(["first", "é", "- x"]))]
            if chance(2) { line += [verbatim(" "), pick([Piece(source: "${V}", text: "value"), verbatim("# 日本 x")])] }
            source += "\n" + margin + line.map(\.source).joined()
            pieces += line
        }
        pieces.append(Piece(source: "", text: "\n", hasPlace: false))
        text += source + "\n"
        scalars.append(Scalar(pieces: pieces, isPlain: false, source: source))
    }
}
