// SPDX-License-Identifier: Apache-2.0

/// When a worker that died is replaced: at once, then with growing delays, and after too many deaths not at all.
struct RestartPolicy: Codable, Hashable, Sendable {
    enum Decision: Hashable, Sendable {
        /// In milliseconds.
        case restart(after: Int)
        case giveUp
    }

    /// Deaths in a row, none of them after a long life.
    private(set) var deaths = 0

    static let firstDelay = 100
    static let longestDelay = 10_000
    /// A worker that lived that long, in milliseconds, died for the first time.
    static let longLife = 10_000
    static let deathLimit = 5

    mutating func died(afterMilliseconds life: Int) -> Decision {
        deaths = life >= Self.longLife ? 1 : deaths + 1
        if deaths >= Self.deathLimit { return .giveUp }
        if deaths == 1 { return .restart(after: 0) }
        return .restart(after: min(Self.firstDelay << (deaths - 2), Self.longestDelay))
    }
}
