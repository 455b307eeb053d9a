// SPDX-License-Identifier: Apache-2.0

/// Finds what somebody meant who wrote a name that does not exist.
package enum Suggestion {
    /// Longer names are not compared: a distance says nothing about them, and costs.
    private static let longest = 64

    /// The candidate that the fewest edits (insert, remove, replace or swap two neighbours; a change of case counts
    /// half, and half in all where nothing else differs) lead to, the first of several; nil where none is near: a
    /// third of the name's characters, at most 3.
    package static func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
        let scalars = Array(name.unicodeScalars)
        guard !scalars.isEmpty, scalars.count <= longest else { return nil }
        let bound = max(1, min(3, (scalars.count + 1) / 3))
        var best: (name: String, cost: Int)?
        for candidate in candidates where candidate != name {
            let other = Array(candidate.unicodeScalars)
            guard other.count <= longest, abs(other.count - scalars.count) <= bound else { continue }
            let cost = candidate.lowercased() == name.lowercased() ? 1 : distance(scalars, other)
            if cost <= 2 * bound, cost < best?.cost ?? .max { best = (candidate, cost) }
        }
        return best?.name
    }

    /// `did you mean 'firewall'?`, for `Diagnostic.help`.
    package static func help(for name: String, in candidates: some Sequence<String>) -> String? {
        nearest(to: name, in: candidates).map { "did you mean '\($0)'?" }
    }

    /// Optimal string alignment distance, twice: a change of case alone counts 1, every other edit 2.
    static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = (0...right.count).map { $0 * 2 }
        for row in left.indices {
            var current = [(row + 1) * 2]
            current.reserveCapacity(right.count + 1)
            for column in right.indices {
                var cost = min(last[column + 1], current[column]) + 2
                cost = min(cost, last[column] + replacing(left[row], right[column]))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 2)
                }
                current.append(cost)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }

    private static func replacing(_ left: Unicode.Scalar, _ right: Unicode.Scalar) -> Int {
        if left == right { return 0 }
        return left.properties.lowercaseMapping == right.properties.lowercaseMapping ? 1 : 2
    }
}
