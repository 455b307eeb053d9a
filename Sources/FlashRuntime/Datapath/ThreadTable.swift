// SPDX-License-Identifier: Apache-2.0

/// What a thread reads, and where each output of each input leads.
package struct ThreadTable: Hashable, Codable, Sendable {
    package enum Source: Hashable, Codable, Sendable {
        case ring(RingID)
        case port(PortID)
        /// A source's own ring of frames (`SharedDatapath.addFrames`).
        case frames(RingID)
    }

    package enum Target: Hashable, Codable, Sendable {
        case ring(RingID)
        case port(PortID)
        /// A redirecting port: `outlet` says to which socket of its rule, and `counter` is the ring that counts the packets.
        case outlet(PortID, outlet: Int, counter: RingID)
    }

    package struct Input: Hashable, Codable, Sendable {
        package var source: Source
        /// By output index. Empty: no link, packets are dropped and counted. More than one: the flow's hash chooses.
        package var routes: [[Target]]

        package init(source: Source, routes: [[Target]]) {
            self.source = source
            self.routes = routes
        }
    }

    package var inputs: [Input]

    package init(inputs: [Input] = []) { self.inputs = inputs }
}
