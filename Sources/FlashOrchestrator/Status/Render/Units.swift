// SPDX-License-Identifier: Apache-2.0

/// Numbers with their units as people read them: three significant digits.
package enum Units {
    /// `0/s`, `950/s`, `1.23 M/s`
    package static func rate(_ perSecond: Double) -> String {
        let (number, prefix) = scaled(perSecond, by: 1000)
        return prefix.isEmpty ? "\(number)/s" : "\(number) \(prefix)/s"
    }

    /// `0 bit/s`, `1.23 Gbit/s`
    package static func bits(_ perSecond: Double) -> String {
        let (number, prefix) = scaled(perSecond, by: 1000)
        return "\(number) \(prefix)bit/s"
    }

    /// `512 B`, `12.3 MiB`
    package static func bytes(_ count: UInt64) -> String {
        let (number, prefix) = scaled(Double(count), by: 1024)
        return prefix.isEmpty ? "\(number) B" : "\(number) \(prefix.uppercased())iB"
    }

    /// `0.8 ms`, `12 ms`, `0.41 s`, `12.3 s`
    package static func duration(milliseconds: Double) -> String {
        guard milliseconds.isFinite, milliseconds >= 0 else { return "?" }
        switch milliseconds {
        case ..<9.95: return fixed(milliseconds, digits: 1) + " ms"
        case ..<99.5: return fixed(milliseconds, digits: 0) + " ms"
        case ..<9995: return fixed(milliseconds / 1000, digits: 2) + " s"
        default: return fixed(milliseconds / 1000, digits: 1) + " s"
        }
    }

    /// `1 NF`, `3 NFs`, `2 queues`
    package static func count(_ number: some BinaryInteger, _ word: String) -> String {
        "\(number) \(word)\(number == 1 ? "" : "s")"
    }

    /// Rounded to so many digits behind the point.
    package static func fixed(_ value: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        guard let whole = Int64(exactly: (value.magnitude * scale).rounded()) else { return "?" }
        let sign = value < 0 && whole != 0 ? "-" : ""
        guard digits > 0 else { return sign + String(whole) }
        let text = String(whole).zeroPadded(to: digits + 1)
        return sign + text.dropLast(digits) + "." + text.suffix(digits)
    }

    private static func scaled(_ value: Double, by step: Double) -> (number: String, prefix: String) {
        guard value.isFinite, value >= 0 else { return ("?", "") }
        var rest = value
        var prefixes = ["", "k", "M", "G", "T", "P", "E"][...]
        // 999.5 rounds to 1000, which is to be shown as 1 of the next unit.
        while rest >= 999.5, prefixes.count > 1 {
            rest /= step
            prefixes.removeFirst()
        }
        let prefix = prefixes.first ?? ""
        if prefix.isEmpty { return (fixed(rest, digits: 0), prefix) }
        let digits = rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0
        return (fixed(rest, digits: digits), prefix)
    }
}

extension String {
    fileprivate func zeroPadded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}
