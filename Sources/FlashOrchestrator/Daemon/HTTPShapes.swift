// SPDX-License-Identifier: Apache-2.0

/// Body of `POST /v1/validate`, `/v1/plan` and `/v1/apply`.
package struct TopologyBody: Codable, Hashable, Sendable {
    /// The YAML text.
    package var text: String
    /// What diagnostics call the file, and the source of the topology's default name; left out: `topology.yaml`.
    package var file: String?
    package var variables: [String: String]?
    /// Only for apply: how long one step may take, in seconds.
    package var deadline: Double?

    package init(_ request: TopologyRequest, deadline: Double? = nil) {
        text = request.text
        file = request.file
        variables = request.variables
        self.deadline = deadline
    }

    package var request: TopologyRequest {
        TopologyRequest(text: text, file: file ?? "topology.yaml", variables: variables ?? [:])
    }
}

/// Body of every answer that is not 200.
package struct ServiceErrorReply: Codable, Hashable, Sendable {
    package var version = 1
    package var error: ServiceError

    package init(error: ServiceError) {
        self.error = error
    }

    package var json: [UInt8] {
        // A value of strings and numbers always encodes.
        (try? JSONText.encode(self)) ?? Array(#"{"version":1,"error":{"kind":"failed","message":""}}"#.utf8)
    }
}

package struct HealthReply: Codable, Hashable, Sendable {
    package var version = 1
    package var pid: Int

    package init(pid: Int) {
        self.pid = pid
    }
}
