// SPDX-License-Identifier: Apache-2.0

/// The faults found so far; beyond a bound they are only counted, so that a hostile text cannot fill memory.
struct DiagnosticList {
    private let limit: Int
    private var kept: [Diagnostic] = []
    private var omitted = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether a further one is only counted: nothing need be spent on its help.
    var isFull: Bool { kept.count >= limit }

    mutating func error(_ message: String, at range: SourceRange?, help: String? = nil) {
        add(Diagnostic(.error, message, at: range, help: help))
    }

    mutating func add(_ diagnostic: Diagnostic) {
        if kept.count < limit {
            kept.append(diagnostic)
        } else {
            omitted += 1
        }
    }

    /// By position; with a last one that tells how many are not shown.
    var all: [Diagnostic] {
        guard omitted > 0 else { return kept.sortedByPosition() }
        let rest = Diagnostic(.error, "\(omitted) more \(omitted == 1 ? "fault is" : "faults are") not shown", at: nil)
        return kept.sortedByPosition() + [rest]
    }
}

extension [Diagnostic] {
    /// In the order of the text, what has no position last; of equal ones only the first (a fault below an
    /// anchor is found again through each alias).
    package func sortedByPosition() -> [Diagnostic] {
        var seen: Set<Diagnostic> = []
        let unique = filter { seen.insert($0).inserted }
        let order = unique.enumerated().sorted { left, right in
            switch (left.element.range, right.element.range) {
            case (let first?, let second?) where first != second:
                (first.start, first.end) < (second.start, second.end)
            case (nil, .some): false
            case (.some, nil): true
            default: left.offset < right.offset
            }
        }
        return order.map(\.element)
    }
}
