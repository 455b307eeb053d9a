// SPDX-License-Identifier: Apache-2.0

/// What is fed with bytes that nobody checked. A fault is a trap: a broken precondition, a touched guard page.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// A topology file: the YAML bridge, the decoder and the rendering of what is wrong.
    case topology
    /// The text of one link.
    case link
    /// Packets, through every program.
    case packets

    package func run(_ bytes: [UInt8]) {
        switch self {
        case .topology: TopologyInput.run(bytes)
        case .link: LinkInput.run(bytes)
        case .packets: PacketsInput.run(bytes)
        }
    }
}
