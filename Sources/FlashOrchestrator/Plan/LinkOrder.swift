// SPDX-License-Identifier: Apache-2.0

/// The order of links by where packets go.
package enum LinkOrder {
    /// Each link after all links that packets may take behind it: downstream first. Where links form a circle, one of
    /// them comes too early. Every link of `links` occurs once.
    package static func downstreamFirst(_ links: [LinkSource: WiredLink]) -> [LinkSource] {
        let sorted = links.keys.sorted()
        var outputs: [String: [LinkSource]] = [:]
        for source in sorted where source.isFirst {
            if let function = source.function { outputs[function, default: []].append(source) }
        }

        var order: [LinkSource] = []
        order.reserveCapacity(links.count)
        var seen = Set<LinkSource>(minimumCapacity: links.count)
        // An explicit stack: a path may have as many hops as a topology has NFs.
        var stack: [(source: LinkSource, isExpanded: Bool)] = []
        for root in sorted.filter(\.isFirst) + sorted {
            stack.append((root, false))
            while let (source, isExpanded) = stack.popLast() {
                if isExpanded {
                    order.append(source)
                    continue
                }
                guard let link = links[source], seen.insert(source).inserted else { continue }
                stack.append((source, true))
                for next in followers(of: source, link, outputs: outputs) where !seen.contains(next) {
                    stack.append((next, false))
                }
            }
        }
        return order
    }

    private static func followers(
        of source: LinkSource, _ link: WiredLink, outputs: [String: [LinkSource]]
    ) -> [LinkSource] {
        var result: [LinkSource] = []
        var last: LinkSource?
        for hop in link.hops {
            guard let thread = hop.target.thread else { continue }
            let next = source.following(function: thread.function.name, visit: hop.visit)
            if next == last { continue }
            last = next
            result.append(next)
            result += outputs[thread.function.name] ?? []
        }
        return result
    }
}
