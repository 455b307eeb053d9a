// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

extension GraphChecks {
    /// A path is finite, so that packets go round only by outputs with a link of their own: `a[deny] -> b -> a`.
    /// Full rings on such a round can wait for each other.
    func checkLoops() {
        let components = strongComponents()
        var reported: Set<Int> = []
        for path in table.paths {
            guard case .output(let function, _) = path.head else { continue }
            let component = components[function]
            guard path.stops.contains(where: { components[$0.function] == component }),
                reported.insert(component).inserted
            else { continue }
            log.add(
                .loop, "packets from here can come back to \(quoted(names.functions[function].name))",
                at: path.headRange,
                help: "they go round until an NF drops them or sends them elsewhere")
        }
    }

    /// For each NF the number of its strongly connected component, where an NF is connected to all stops of the paths
    /// that begin at its outputs. Tarjan's algorithm, with a stack of its own: chains are longer than the thread's.
    private func strongComponents() -> [Int] {
        struct Frame {
            var function: Int
            var path = 0
            var stop = 0
        }
        let count = names.functions.count
        var order = [Int](repeating: -1, count: count)
        var low = order
        var component = order
        var open: [Int] = []
        var next = 0
        var components = 0
        var frames: [Frame] = []
        func enter(_ function: Int) {
            order[function] = next
            low[function] = next
            next += 1
            open.append(function)
            frames.append(Frame(function: function))
        }
        for root in 0..<count where order[root] < 0 {
            enter(root)
            while let frame = frames.last {
                let function = frame.function
                let paths = table.pathsFrom[function] ?? []
                guard frame.path < paths.count else {
                    frames.removeLast()
                    if let parent = frames.last?.function { low[parent] = min(low[parent], low[function]) }
                    guard low[function] == order[function] else { continue }
                    while let member = open.popLast() {
                        component[member] = components
                        if member == function { break }
                    }
                    components += 1
                    continue
                }
                let stops = table.paths[paths[frame.path]].stops
                guard frame.stop < stops.count else {
                    frames[frames.count - 1].path += 1
                    frames[frames.count - 1].stop = 0
                    continue
                }
                frames[frames.count - 1].stop += 1
                let target = stops[frame.stop].function
                if order[target] < 0 {
                    enter(target)
                } else if component[target] < 0 {
                    low[function] = min(low[function], order[target])
                }
            }
        }
        return component
    }
}
