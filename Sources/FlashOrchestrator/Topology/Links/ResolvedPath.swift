// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

/// A link text whose names are looked up.
struct ResolvedPath {
    enum Head {
        /// Queues of an interface that the path begins at; one path each.
        case queues(interface: Int, queues: [Int])
        /// An output of an NF; nil: not known, because the NF's configuration is faulty.
        case output(function: Int, output: Int?)
    }

    struct Stop {
        var function: Int
        /// In the text, in scalars.
        var span: Range<Int>
    }

    struct Tail {
        var interface: Int
        var queues: [Int]
    }

    var head: Head
    /// In the text, in scalars.
    var headSpan: Range<Int>
    /// The NFs on the way, in order.
    var stops: [Stop]
    /// The queues that the path ends at; nil where it ends at its last stop.
    var tail: Tail?
    var node: YAMLNode

    var line: Int { node.range.start.line }
    /// Where the path's head stands. It takes a look through the text: only faults ask for it.
    var headRange: SourceRange { node.range(ofScalars: headSpan) }

    /// Where a stop stands, as `headRange`.
    func range(of stop: Stop) -> SourceRange { node.range(ofScalars: stop.span) }
}

/// What faulty links name, or would name if they could: it has had its report, and is not reported as unused too.
struct Mentions {
    var interfaces: Set<Int> = []
    var functions: Set<Int> = []

    mutating func insert(_ meaning: NameTable.Meaning) {
        switch meaning {
        case .interface(let index): interfaces.insert(index)
        case .function(let index): functions.insert(index)
        }
    }
}
