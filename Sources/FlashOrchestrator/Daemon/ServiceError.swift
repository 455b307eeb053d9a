// SPDX-License-Identifier: Apache-2.0

/// Why the daemon did not do what it was asked. It travels to the client as JSON.
package struct ServiceError: Error, Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Hashable, Sendable {
        /// The topology has faults: `diagnostics` says which.
        case badInput = "bad-input"
        /// Something that the topology needs is held by another one, or exists and is not ours.
        case conflict
        /// No topology or NF of that name.
        case notFound = "not-found"
        /// The machine cannot do it: no privilege, no flash kernel.
        case notPermitted = "not-permitted"
        /// The daemon is going away.
        case stopping
        case failed
    }

    package var kind: Kind
    /// One sentence without a full stop.
    package var message: String
    package var help: String?
    package var diagnostics: [ServiceDiagnostic]

    package init(_ kind: Kind, _ message: String, help: String? = nil, diagnostics: [ServiceDiagnostic] = []) {
        self.kind = kind
        self.message = message
        self.help = help
        self.diagnostics = diagnostics
    }

    /// That a topology cannot be used as it is.
    ///
    /// - Parameter diagnostics: its faults, and perhaps warnings.
    package init(faultsOf file: String, _ diagnostics: [ServiceDiagnostic]) {
        let count = diagnostics.count { $0.severity == .error }
        self.init(
            .badInput, "\(file) has \(count) \(count == 1 ? "fault" : "faults")", diagnostics: diagnostics)
    }
}
