// SPDX-License-Identifier: Apache-2.0

/// One thing that flash-orch asks of a machine, and what was found.
package struct DoctorLine: Hashable, Codable, Sendable {
    package enum State: String, Hashable, Codable, Sendable {
        case ok
        /// It works without, less well or not everything; or it could not be tried.
        case warning
        /// Topologies do not run without.
        case missing
    }

    package var name: String
    package var state: State
    package var found: String
    /// What to do about it; nil where there is nothing to do.
    package var advice: String?

    package init(_ name: String, _ state: State, _ found: String, advice: String? = nil) {
        self.name = name
        self.state = state
        self.found = found
        self.advice = advice
    }
}
