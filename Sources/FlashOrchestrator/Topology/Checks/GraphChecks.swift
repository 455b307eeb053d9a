// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

/// Checks what links mean together: every NF is reached, every output leads somewhere, every queue has its reader.
/// Everything is looked up in tables, so that the time grows with the file and not faster.
struct GraphChecks {
    let names: NameTable
    let table: LinkTable
    /// What faulty link texts name: they may be what is missed here, so that these are left out.
    let mentions: Mentions
    let log: FindingLog

    func run() {
        checkPathEnds()
        checkOutputs()
        checkReachability()
        checkQueues()
        checkThreads()
        checkLoops()
    }

    /// The default output of an NF is named by the path through it, or, where the path ends there, by a link of its own.
    private func checkPathEnds() {
        /// For each NF the first path that goes on behind it, and what follows there.
        var continued: [Int: (path: Int, next: String)] = [:]
        for (index, path) in table.paths.enumerated() {
            for (place, stop) in path.stops.enumerated() where continued[stop.function] == nil {
                if place + 1 < path.stops.count {
                    continued[stop.function] = (index, names.functions[path.stops[place + 1].function].name)
                } else if let tail = path.tail {
                    continued[stop.function] = (index, names.interfaces[tail.interface].name)
                }
            }
            checkEnd(of: path)
        }
        for (function, other) in continued {
            let key = LinkTable.OutputKey(function: function, output: 0)
            guard let head = table.heads[key] else { continue }
            log.add(
                .secondLink,
                "\(table.outputName(key)) of \(quoted(names.functions[function].name)) already leads to "
                    + "\(quoted(other.next)), on the path of line \(table.paths[other.path].line)",
                at: table.paths[head].headRange,
                help:
                    "a path names the way of output 0; end it at \(quoted(names.functions[function].name)), or remove this link"
            )
        }
    }

    private func checkEnd(of path: ResolvedPath) {
        guard path.tail == nil, let last = path.stops.last else { return }
        let function = names.functions[last.function]
        let key = LinkTable.OutputKey(function: last.function, output: 0)
        guard let outputs = function.outputs, !outputs.isEmpty, table.heads[key] == nil,
            !mentions.functions.contains(last.function)
        else { return }
        log.add(
            .outputWithoutLink,
            "the path ends at \(quoted(function.name)), whose \(table.outputName(key)) leads nowhere",
            at: path.range(of: last), help: "let the path go on to a queue, or to an NF with 'program: sink'")
    }

    private func checkOutputs() {
        for (index, function) in names.functions.enumerated() where !mentions.functions.contains(index) {
            guard let outputs = function.outputs, let program = function.program else { continue }
            let first = program.isSource ? 0 : 1
            let missing = outputs.indices.dropFirst(first).filter {
                table.heads[LinkTable.OutputKey(function: index, output: $0)] == nil
            }
            guard let example = missing.first else { continue }
            let end = outputs.count == 1 ? function.name : "\(function.name)[\(outputs[example])]"
            let list = listed(missing.map { quoted(outputs[$0]) })
            let words = missing.count == 1 ? "output \(list)" : "outputs \(list)"
            log.add(
                .outputWithoutLink,
                "\(words) of NF \(quoted(function.name)) \(missing.count == 1 ? "has" : "have") no link",
                at: function.keyRange,
                help: "add '\(end) -> …'; an NF with 'program: sink' takes what is to end")
        }
    }

    /// From the queues and sources along all paths, and from each NF along the paths that begin at its outputs.
    private func checkReachability() {
        var isReached = [Bool](repeating: false, count: names.functions.count)
        var waiting: [Int] = []
        func reach(_ function: Int) {
            guard !isReached[function] else { return }
            isReached[function] = true
            waiting.append(function)
        }
        for (index, function) in names.functions.enumerated()
        where function.program?.isSource == true || mentions.functions.contains(index) {
            reach(index)
        }
        for path in table.paths {
            guard case .queues = path.head else { continue }
            for stop in path.stops { reach(stop.function) }
        }
        while let function = waiting.popLast() {
            for path in table.pathsFrom[function] ?? [] {
                for stop in table.paths[path].stops { reach(stop.function) }
            }
        }
        for (index, function) in names.functions.enumerated() where !isReached[index] {
            log.add(
                .functionNotReached, "NF \(quoted(function.name)) is never reached", at: function.keyRange,
                help: "name it in a link that begins at a queue, or remove it")
        }
    }

    private func checkQueues() {
        var used = mentions.interfaces
        for path in table.paths {
            if case .queues(let interface, _) = path.head { used.insert(interface) }
            if let tail = path.tail { used.insert(tail.interface) }
        }
        for (index, declared) in names.interfaces.enumerated() {
            guard used.contains(index) else {
                log.add(
                    .interfaceWithoutLink, "interface \(quoted(declared.name)) is in no link", at: declared.keyRange)
                continue
            }
            guard declared.hasQueues, !mentions.interfaces.contains(index) else { continue }
            let unread = declared.interface.queues.filter {
                table.readers[LinkTable.QueueKey(interface: index, queue: $0)] == nil
            }
            guard let first = unread.first else { continue }
            let list = listed(unread.map { "'\(declared.name):\($0)'" })
            log.add(
                .queueWithoutReader,
                unread.count == 1
                    ? "queue \(list) has no reader: its packets go to the kernel"
                    : "queues \(list) have no reader: their packets go to the kernel",
                at: declared.keyRange, help: "begin a path with '\(declared.name):\(first)'")
        }
    }
}
