// SPDX-License-Identifier: Apache-2.0

/// Where a path meets a thread. On the `flash` datapath it is an AF_XDP socket: those who lead here send into its RX ring,
/// and what the thread sends on for this path goes into its TX ring.
package struct PortKey: Codable, Hashable, Sendable, Comparable {
    package var thread: ThreadKey
    package var head: PathHead
    /// The how manieth visit of the path to the NF, from 0.
    package var visit: Int

    package init(thread: ThreadKey, head: PathHead, visit: Int = 0) {
        self.thread = thread
        self.head = head
        self.visit = visit
    }

    /// Where the packets of a program come from that makes them.
    package static func origin(of thread: ThreadKey) -> PortKey {
        PortKey(thread: thread, head: .output(function: thread.function.name, output: 0))
    }

    package static func < (left: PortKey, right: PortKey) -> Bool {
        if left.thread != right.thread { return left.thread < right.thread }
        return left.link < right.link
    }

    /// The link that goes on from here.
    private var link: LinkSource {
        LinkSource(head: head, function: thread.function.name, visit: visit, output: 0)
    }
}

extension RingKey {
    /// Where the packets of the link arrive.
    package var port: PortKey { PortKey(thread: target, head: link.head, visit: visit) }
}

extension Chain {
    /// All places where a path meets a thread, whether or not it leads on from there.
    var meetings: Set<PortKey> {
        var result: Set<PortKey> = []
        for (source, link) in links {
            for hop in link.hops {
                guard let thread = hop.target.thread else { continue }
                result.insert(PortKey(thread: thread, head: source.head, visit: hop.visit))
            }
        }
        for (function, plan) in functions where plan.isSource {
            for index in 0..<plan.function.threads {
                result.insert(.origin(of: ThreadKey(function: function, index: index)))
            }
        }
        return result
    }
}
