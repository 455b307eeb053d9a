// SPDX-License-Identifier: Apache-2.0

package import YAMLBridge

/// A fault or a surprise of a topology, as it travels to the client, which has the text to show beside it.
package struct ServiceDiagnostic: Codable, Hashable, Sendable {
    package enum Severity: String, Codable, Hashable, Sendable {
        case error
        case warning
    }

    package var severity: Severity
    package var message: String
    /// From 1; nil with the other three where the diagnostic concerns the text as a whole.
    package var line: Int?
    package var column: Int?
    package var endLine: Int?
    package var endColumn: Int?
    package var help: String?

    private enum CodingKeys: String, CodingKey {
        case severity, message, line, column, help
        case endLine = "end_line"
        case endColumn = "end_column"
    }

    package init(_ diagnostic: Diagnostic) {
        severity = diagnostic.severity == .error ? .error : .warning
        message = diagnostic.message
        line = diagnostic.range?.start.line
        column = diagnostic.range?.start.column
        endLine = diagnostic.range?.end.line
        endColumn = diagnostic.range?.end.column
        help = diagnostic.help
    }

    package var diagnostic: Diagnostic {
        var range: SourceRange?
        if let line, let column {
            let start = SourcePosition(line: line, column: column)
            range = SourceRange(
                start: start, end: SourcePosition(line: endLine ?? line, column: endColumn ?? (column &+ 1)))
        }
        return Diagnostic(severity == .error ? .error : .warning, message, at: range, help: help)
    }
}

package struct ValidationReply: Codable, Hashable, Sendable {
    package var version = 1
    /// nil where there are errors.
    package var name: String?
    package var diagnostics: [ServiceDiagnostic]

    package init(name: String?, diagnostics: [ServiceDiagnostic]) {
        self.name = name
        self.diagnostics = diagnostics
    }

    package var isValid: Bool { !diagnostics.contains { $0.severity == .error } }
}

package struct PlanReply: Codable, Hashable, Sendable {
    package var version = 1
    package var name: String
    /// `shared` or `flash`: what `auto` came to.
    package var datapath: String
    /// Why `auto` is `shared` although there is a FLASH kernel, as a clause.
    package var fallback: String?
    package var steps: [StepSummary]
    /// What is not touched, for example `nf firewall`.
    package var stays: [String]
    /// Warnings only: a plan is made of a valid topology.
    package var diagnostics: [ServiceDiagnostic]

    package init(
        name: String, datapath: String, fallback: String? = nil, steps: [StepSummary], stays: [String],
        diagnostics: [ServiceDiagnostic] = []
    ) {
        self.name = name
        self.datapath = datapath
        self.fallback = fallback
        self.steps = steps
        self.stays = stays
        self.diagnostics = diagnostics
    }
}

/// One step of a plan as it is printed.
package struct StepSummary: Codable, Hashable, Sendable {
    /// From 1.
    package var number: Int
    package var kind: StepKind
    /// What is changed, for example `nf firewall`, `link lan:0 -> firewall`, `queue lan:0`.
    package var subject: String
    /// Why, as a clause, for example `new in the topology`.
    package var reason: String

    package init(number: Int, kind: StepKind, subject: String, reason: String) {
        self.number = number
        self.kind = kind
        self.subject = subject
        self.reason = reason
    }
}

package enum StepKind: String, Codable, Hashable, Sendable, CaseIterable {
    case create
    case rewire
    case reconfigure
    case restart
    case recreate
    case remove
}

/// What happens while a plan is carried out.
package enum ProgressEvent: Codable, Hashable, Sendable {
    /// The plan, before its first step.
    case planned(PlanReply)
    /// Step `number` of `count` begins.
    case started(step: StepSummary, count: Int)
    case done(step: StepSummary, count: Int, milliseconds: Double)
    case failed(step: StepSummary, count: Int, milliseconds: Double, message: String)
    /// All steps are done; the daemon waits until every NF is ready and every link is proven to carry.
    case proving(links: Int)
    /// Step `step` is undone after a failure.
    case undone(step: StepSummary, milliseconds: Double)
}

/// How an apply or a down ended. `failed` and `rollbackFailed` come as a reply, not as an error: the client prints what
/// was done.
package struct ApplyReply: Codable, Hashable, Sendable {
    package enum Outcome: String, Codable, Hashable, Sendable {
        /// There was nothing to do.
        case unchanged
        case done
        /// A step failed; the old state is back and was read back.
        case failed
        /// A step failed, and so did the way back: `status` says what is left.
        case rollbackFailed = "rollback-failed"
    }

    package var version = 1
    package var name: String
    package var outcome: Outcome
    /// The steps that were planned.
    package var steps: [StepSummary]
    package var stays: [String]
    package var diagnostics: [ServiceDiagnostic]
    /// From the request to the proof.
    package var milliseconds: Double
    /// Packets that the datapath dropped meanwhile because an output led nowhere or a queue had no room; nil where
    /// nothing ran before.
    package var packetsLost: UInt64?
    package var failure: Failure?

    package struct Failure: Codable, Hashable, Sendable {
        /// The step at fault; nil: the proof after the last step.
        package var step: StepSummary?
        /// One sentence: what failed and why.
        package var message: String
        package var help: String?
        /// What could not be undone, one sentence each.
        package var rollback: [String]

        package init(step: StepSummary?, message: String, help: String? = nil, rollback: [String] = []) {
            self.step = step
            self.message = message
            self.help = help
            self.rollback = rollback
        }
    }

    private enum CodingKeys: String, CodingKey {
        case version, name, outcome, steps, stays, diagnostics, milliseconds, failure
        case packetsLost = "packets_lost"
    }

    package init(
        name: String, outcome: Outcome, steps: [StepSummary] = [], stays: [String] = [],
        diagnostics: [ServiceDiagnostic] = [], milliseconds: Double = 0, packetsLost: UInt64? = nil,
        failure: Failure? = nil
    ) {
        self.name = name
        self.outcome = outcome
        self.steps = steps
        self.stays = stays
        self.diagnostics = diagnostics
        self.milliseconds = milliseconds
        self.packetsLost = packetsLost
        self.failure = failure
    }
}

package struct TopologyList: Codable, Hashable, Sendable {
    package var version = 1
    package var topologies: [Entry]

    package struct Entry: Codable, Hashable, Sendable {
        package var name: String
        package var state: TopologyState
        /// The file it was applied from, as the client named it.
        package var file: String
        package var nfs: Int
        package var links: Int

        package init(name: String, state: TopologyState, file: String, nfs: Int, links: Int) {
            self.name = name
            self.state = state
            self.file = file
            self.nfs = nfs
            self.links = links
        }
    }

    package init(topologies: [Entry]) {
        self.topologies = topologies
    }
}

package struct LogReply: Codable, Hashable, Sendable {
    package var version = 1
    package var name: String
    package var nf: String
    package var text: String
    /// The offset to ask for next; smaller than the last one where the log was rotated.
    package var next: Int

    package init(name: String, nf: String, text: String, next: Int) {
        self.name = name
        self.nf = nf
        self.text = text
        self.next = next
    }
}

package struct AppliedTopology: Codable, Hashable, Sendable {
    package var version = 1
    package var topology: Topology
    package var file: String
    package var text: String
    package var hosts: [HostStatus]

    package init(topology: Topology, file: String, text: String, hosts: [HostStatus]) {
        self.topology = topology
        self.file = file
        self.text = text
        self.hosts = hosts
    }
}
