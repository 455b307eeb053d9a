// SPDX-License-Identifier: Apache-2.0

/// The order of links by where packets go.
package enum LinkOrder {
    /// Each link after all links that packets may take behind it: downstream first. Where links form a circle, one of
    /// them comes too early. Every link of `links` occurs once.
    package static func downstreamFirst(_ links: [LinkSource: WiredLink]) -> [LinkSource] {
        let sources = links.keys.sorted()
        let followers = followers(sources, links)

        var order: [LinkSource] = []
        order.reserveCapacity(sources.count)
        var seen = [Bool](repeating: false, count: sources.count)
        // An explicit stack: a path may have as many hops as a topology has NFs.
        var stack: [(index: Int, isExpanded: Bool)] = []
        func visit(_ root: Int) {
            stack.append((root, false))
            while let (index, isExpanded) = stack.popLast() {
                if isExpanded {
                    order.append(sources[index])
                    continue
                }
                if seen[index] { continue }
                seen[index] = true
                stack.append((index, true))
                for next in followers[index] where !seen[next] { stack.append((next, false)) }
            }
        }
        for index in sources.indices where sources[index].isFirst { visit(index) }
        for index in sources.indices where !seen[index] { visit(index) }
        return order
    }

    /// For each link those that packets may take next, by index.
    private static func followers(_ sources: [LinkSource], _ links: [LinkSource: WiredLink]) -> [[Int]] {
        var indices: [LinkSource: Int] = [:]
        indices.reserveCapacity(sources.count)
        var outputs: [String: [Int]] = [:]
        for (index, source) in sources.enumerated() {
            indices[source] = index
            if let function = source.function, source.isFirst { outputs[function, default: []].append(index) }
        }
        return sources.map { source in
            var result: [Int] = []
            var last: (name: String, visit: Int)?
            for hop in links[source]?.hops ?? [] {
                guard let name = hop.target.thread?.function.name else { continue }
                if let last, last == (name, hop.visit) { continue }
                last = (name, hop.visit)
                if let next = indices[source.following(function: name, visit: hop.visit)] { result.append(next) }
                if let more = outputs[name] { result += more }
            }
            return result
        }
    }
}
