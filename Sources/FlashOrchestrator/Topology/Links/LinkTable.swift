// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

/// Expands paths into links, and knows which way each queue and output goes.
struct LinkTable {
    /// More links than this come only of mistakes (an interface with a thousand queues on a path of a thousand NFs).
    static let limit = 262_144

    struct QueueKey: Hashable {
        var interface: Int
        var queue: Int
    }

    struct OutputKey: Hashable {
        var function: Int
        var output: Int
    }

    let names: NameTable
    let log: FindingLog
    /// Sound paths, in the order of the file.
    private(set) var paths: [ResolvedPath] = []
    /// By the index of the path that begins there.
    private(set) var readers: [QueueKey: Int] = [:]
    private(set) var heads: [OutputKey: Int] = [:]
    /// Paths that begin at an output of that NF.
    private(set) var pathsFrom: [Int: [Int]] = [:]
    private var links: [(head: PathHead, links: [Link])] = []
    private var linkCount = 0

    init(names: NameTable, log: FindingLog) {
        self.names = names
        self.log = log
    }

    mutating func add(_ path: ResolvedPath) {
        let index = paths.count
        paths.append(path)
        switch path.head {
        case .queues(let interface, let queues):
            let free = queues.filter { readers[QueueKey(interface: interface, queue: $0)] == nil }
            if let taken = queues.first(where: { readers[QueueKey(interface: interface, queue: $0)] != nil }) {
                reportTaken(QueueKey(interface: interface, queue: taken), path: path)
            }
            for queue in free {
                readers[QueueKey(interface: interface, queue: queue)] = index
                expand(path, head: .queue(QueueID(interface: names.interfaces[interface].name, queue: queue)))
            }
        case .output(let function, let output):
            pathsFrom[function, default: []].append(index)
            guard let output else { return }
            let key = OutputKey(function: function, output: output)
            if let other = heads[key] {
                reportSecond(key, path: path, other: other)
                return
            }
            heads[key] = index
            expand(path, head: .output(function: names.functions[function].name, output: output))
        }
    }

    /// In an order that does not depend on the file's: paths by their heads, queues first; links along the path.
    var sortedLinks: [Link] {
        links.sorted { $0.head < $1.head }.flatMap(\.links)
    }

    private mutating func expand(_ path: ResolvedPath, head: PathHead) {
        let count = path.stops.count + (path.tail == nil ? 0 : 1)
        guard linkCount + count <= Self.limit else {
            if linkCount <= Self.limit {
                log.add(.tooManyLinks, "more than \(Self.limit) links in one topology", at: path.node.range)
            }
            linkCount = Self.limit + 1
            return
        }
        linkCount += count
        var visits: [String: Int] = [:]
        var source = LinkSource(head: head)
        if case .output(let function, let output) = head {
            visits[function] = 1
            source.function = function
            source.output = output
        }
        var result: [Link] = []
        result.reserveCapacity(count)
        for stop in path.stops {
            let name = names.functions[stop.function].name
            result.append(Link(source: source, target: .function(name)))
            source = LinkSource(head: head, function: name, visit: visits[name, default: 0])
            visits[name, default: 0] += 1
        }
        if let tail = path.tail {
            let interface = names.interfaces[tail.interface].name
            result.append(Link(source: source, target: .queues(interface: interface, queues: tail.queues)))
        }
        links.append((head, result))
    }

    private func reportTaken(_ key: QueueKey, path: ResolvedPath) {
        guard let other = readers[key].map({ paths[$0] }) else { return }
        let queue = "\(names.interfaces[key.interface].name):\(key.queue)"
        let reader = other.stops.first.map { names.functions[$0.function].name } ?? ""
        log.add(
            .queueReadTwice, "queue '\(queue)' is already read by \(quoted(reader)), in line \(other.line)",
            at: path.headRange, help: "a queue begins one path; let an NF send its packets on to the others")
    }

    private func reportSecond(_ key: OutputKey, path: ResolvedPath, other: Int) {
        log.add(
            .secondLink,
            "\(outputName(key)) of \(quoted(names.functions[key.function].name)) already leads to "
                + "\(target(of: paths[other])), in line \(paths[other].line)",
            at: path.headRange, help: "an output leads to one place")
    }

    func outputName(_ key: OutputKey) -> String {
        guard let outputs = names.functions[key.function].outputs, outputs.indices.contains(key.output) else {
            return "output \(key.output)"
        }
        return "output \(quoted(outputs[key.output]))"
    }

    /// Where the first link of a path leads to.
    private func target(of path: ResolvedPath) -> String {
        if let stop = path.stops.first { return quoted(names.functions[stop.function].name) }
        return path.tail.map { quoted(names.interfaces[$0.interface].name) } ?? ""
    }
}

extension PathHead: Comparable {
    /// Queues before outputs.
    package static func < (left: PathHead, right: PathHead) -> Bool {
        switch (left, right) {
        case (.queue(let first), .queue(let second)): return first < second
        case (.queue, .output): return true
        case (.output, .queue): return false
        case (.output(let first, let firstOutput), .output(let second, let secondOutput)):
            return (first, firstOutput) < (second, secondOutput)
        }
    }
}
