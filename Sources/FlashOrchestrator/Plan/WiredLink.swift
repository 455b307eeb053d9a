// SPDX-License-Identifier: Apache-2.0

/// A link, expanded to the threads that it joins.
package struct WiredLink: Codable, Hashable, Sendable {
    package var target: LinkTarget
    /// In the order of their source; several from one source spread its packets by flow.
    package var hops: [Hop]

    package init(target: LinkTarget, hops: [Hop] = []) {
        self.target = target
        self.hops = hops
    }
}

/// From one end to another; between two threads it is a ring, or leads from socket to socket.
package struct Hop: Codable, Hashable, Sendable, Comparable {
    package var source: HopEnd
    package var target: HopEnd
    /// The how manieth visit of its path to the target NF this hop begins, from 0; 0 at a queue. With the path's
    /// head it tells the target thread where the packets go on to.
    package var visit: Int

    package init(from source: HopEnd, to target: HopEnd, visit: Int = 0) {
        self.source = source
        self.target = target
        self.visit = visit
    }

    package static func < (left: Hop, right: Hop) -> Bool {
        if left.source != right.source { return left.source < right.source }
        if left.target != right.target { return left.target < right.target }
        return left.visit < right.visit
    }
}

/// Ordered: queues before threads.
package enum HopEnd: Codable, Hashable, Sendable, Comparable {
    case queue(QueueID)
    case thread(ThreadKey)

    package var thread: ThreadKey? {
        if case .thread(let key) = self { key } else { nil }
    }
}

/// Thread `index` of an NF.
package struct ThreadKey: Codable, Hashable, Sendable, Comparable, CustomStringConvertible {
    package var function: FunctionID
    package var index: Int

    package init(function: FunctionID, index: Int) {
        self.function = function
        self.index = index
    }

    package var description: String { "\(function.name)/\(index)" }

    package static func < (left: ThreadKey, right: ThreadKey) -> Bool {
        left.function == right.function ? left.index < right.index : left.function < right.function
    }
}

/// The way of a link's packets from one thread to another: an exchange ring, or from socket to socket.
package struct RingKey: Codable, Hashable, Sendable, Comparable {
    package var link: LinkSource
    package var source: ThreadKey
    package var target: ThreadKey
    /// As in `Hop`.
    package var visit: Int

    package init(link: LinkSource, source: ThreadKey, target: ThreadKey, visit: Int) {
        self.link = link
        self.source = source
        self.target = target
        self.visit = visit
    }

    package static func < (left: RingKey, right: RingKey) -> Bool {
        if left.link != right.link { return left.link < right.link }
        return (left.source, left.target, left.visit) < (right.source, right.target, right.visit)
    }
}

extension WiredLink {
    /// Exchange rings that carry the link.
    package var ringCount: Int {
        hops.count { $0.source.thread != nil && $0.target.thread != nil }
    }
}

extension Hop {
    /// nil where an end is a queue.
    package func ring(of link: LinkSource) -> RingKey? {
        guard let source = source.thread, let target = target.thread else { return nil }
        return RingKey(link: link, source: source, target: target, visit: visit)
    }
}

extension LinkSource {
    /// True for the first link of a path.
    package var isFirst: Bool {
        switch head {
        case .queue: function == nil
        case .output(let name, let index): function == name && output == index && visit == 0
        }
    }

    /// The link that goes on from an NF in this link's path.
    package func following(function: String, visit: Int) -> LinkSource {
        LinkSource(head: head, function: function, visit: visit, output: 0)
    }

    /// The first link of the path that begins at an output.
    package static func first(function: String, output: Int) -> LinkSource {
        LinkSource(
            head: .output(function: function, output: output), function: function, visit: 0, output: output)
    }
}

extension LinkSource: Comparable {
    package static func < (left: LinkSource, right: LinkSource) -> Bool {
        switch (left.head, right.head) {
        case (.queue, .output): return true
        case (.output, .queue): return false
        case (.queue(let mine), .queue(let other)):
            if mine != other { return mine < other }
        case (.output(let mine, let index), .output(let other, let otherIndex)):
            if mine != other { return mine < other }
            if index != otherIndex { return index < otherIndex }
        }
        if left.function != right.function { return (left.function ?? "") < (right.function ?? "") }
        return (left.visit, left.output) < (right.visit, right.output)
    }
}
