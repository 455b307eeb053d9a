// SPDX-License-Identifier: Apache-2.0

/// What the daemon does for its clients. The HTTP layer maps each request to one call; requests and replies are JSON as
/// their types say, `version` 1.
package protocol DaemonService: Sendable {
    /// Decodes and checks a topology; touches nothing. Faults are part of the reply, not an error.
    func validate(_ request: TopologyRequest) async throws(ServiceError) -> ValidationReply

    /// The steps that `apply` of the same request would carry out; touches nothing.
    func plan(_ request: TopologyRequest) async throws(ServiceError) -> PlanReply

    /// Makes the machine match the topology. One apply or down of a topology at a time; a second one waits.
    ///
    /// - Parameter progress: called on a thread of the daemon's for each event, in order, before the call returns; it
    ///   must not block.
    func apply(
        _ request: ApplyRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
    ) async throws(ServiceError) -> ApplyReply

    /// Removes all that apply made, and nothing else.
    func down(
        _ request: DownRequest, progress: @escaping @Sendable (ProgressEvent) -> Void
    ) async throws(ServiceError) -> ApplyReply

    /// - Parameter name: nil for all topologies.
    func status(name: String?) async throws(ServiceError) -> StatusReport

    func topologies() async throws(ServiceError) -> TopologyList

    func logs(_ request: LogRequest) async throws(ServiceError) -> LogReply

    /// The applied topology of that name and the text it came from, for `graph NAME` and `exec`.
    func applied(name: String) async throws(ServiceError) -> AppliedTopology
}

/// A topology file as the client read it.
package struct TopologyRequest: Codable, Hashable, Sendable {
    /// The YAML text; invalid UTF-8 is the client's to report.
    package var text: String
    /// The file's name, for diagnostics and for the topology's default name.
    package var file: String
    /// What `${NAME}` is replaced by.
    package var variables: [String: String]

    package init(text: String, file: String, variables: [String: String] = [:]) {
        self.text = text
        self.file = file
        self.variables = variables
    }
}

package struct ApplyRequest: Codable, Hashable, Sendable {
    package var topology: TopologyRequest
    /// How long one step may take, in seconds; nil: 5.
    package var deadline: Double?

    package init(topology: TopologyRequest, deadline: Double? = nil) {
        self.topology = topology
        self.deadline = deadline
    }
}

package struct DownRequest: Codable, Hashable, Sendable {
    package var name: String
    /// How long one step may take, in seconds; nil: 5.
    package var deadline: Double?

    package init(name: String, deadline: Double? = nil) {
        self.name = name
        self.deadline = deadline
    }
}

/// A piece of what a worker printed.
package struct LogRequest: Codable, Hashable, Sendable {
    /// nil: the one topology that has an NF of this name.
    package var name: String?
    package var nf: String
    /// In bytes from the log's beginning, as the last reply's `next` said; nil: the last 64 KiB.
    package var offset: Int?

    package init(name: String? = nil, nf: String, offset: Int? = nil) {
        self.name = name
        self.nf = nf
        self.offset = offset
    }
}
