// SPDX-License-Identifier: Apache-2.0

/// A request as the routes see it: complete, its target taken apart.
package struct HTTPRequest: Hashable, Sendable {
    /// Upper case, for example `GET`.
    package var method: String
    package var target: HTTPTarget
    package var body: [UInt8]

    package init(method: String, target: HTTPTarget, body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.body = body
    }
}

package struct HTTPAnswer: Sendable {
    package enum Body: Sendable {
        /// One JSON value.
        case whole([UInt8])
        /// JSON values, one a line without its newline, sent as they come.
        case lines(AsyncStream<[UInt8]>)
    }

    package var status: Int
    package var body: Body
    /// Methods that the target takes, where the status is 405.
    package var allow: [String]

    package init(status: Int, body: Body, allow: [String] = []) {
        self.status = status
        self.body = body
        self.allow = allow
    }
}

/// Bounds that hold whatever a client sends.
package struct HTTPLimits: Hashable, Sendable {
    /// In bytes. A topology's text may have 4 MiB.
    package var body = 5 << 20
    /// How long a request may take to arrive, in milliseconds.
    package var arrival: Int64 = 10_000
    /// How long a client may leave what it was sent unread, in milliseconds.
    package var departure: Int64 = 10_000
    /// Connections at a time; more are closed at once.
    package var connections = 128

    package init() {}
}
