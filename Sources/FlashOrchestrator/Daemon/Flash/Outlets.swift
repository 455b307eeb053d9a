// SPDX-License-Identifier: Apache-2.0

/// To which port each index of a socket's rule leads, and for which output.
///
/// An output keeps its index for as long as it leads anywhere, so that leading it elsewhere is one write, and packets that
/// wait in the TX ring take the new way. The index of an output that leads nowhere any more is kept until they are gone.
struct Outlets: Codable, Hashable, Sendable {
    /// The n-th of the ports to which an output leads.
    struct Use: Codable, Hashable, Sendable {
        var output: Int
        var choice: Int
    }

    struct Entry: Codable, Hashable, Sendable {
        var target: PortKey
        /// nil: of packets that are on their way yet.
        var use: Use?
    }

    /// By index; nil: nothing leads there.
    private(set) var entries: [Entry?] = []

    /// Of a rule as it is read, without knowledge of the outputs.
    init(retired targets: [PortKey?] = []) {
        entries = targets.map { $0.map { Entry(target: $0) } }
    }

    /// Leads the outputs to these ports; nil: not to a port.
    mutating func lead(_ routes: [[PortKey?]]) {
        var wanted: [(use: Use, target: PortKey)] = []
        for (output, route) in routes.enumerated() {
            for (choice, target) in route.enumerated() {
                if let target { wanted.append((Use(output: output, choice: choice), target)) }
            }
        }
        let uses = Set(wanted.map(\.use))
        for index in entries.indices {
            if let use = entries[index]?.use, !uses.contains(use) { entries[index]?.use = nil }
        }
        for (use, target) in wanted {
            let entry = Entry(target: target, use: use)
            if let index = index(of: use) {
                entries[index] = entry
            } else if let index = entries.firstIndex(where: { $0 == nil || $0 == Entry(target: target) }) {
                entries[index] = entry
            } else {
                entries.append(entry)
            }
        }
    }

    func index(of use: Use) -> Int? { entries.firstIndex { $0?.use == use } }

    /// Packets may be on their way to the port although no output leads there any more.
    func isLeaving(_ port: PortKey) -> Bool { entries.contains(Entry(target: port)) }

    /// No packet is on its way to the port any more but by outputs that lead there.
    mutating func forget(_ port: PortKey) {
        for index in entries.indices where entries[index] == Entry(target: port) { entries[index] = nil }
        while let last = entries.last, last == nil { entries.removeLast() }
    }

    /// The ports in the order in which the kernel is told of them. It knows no gap: one that nobody uses leads anywhere.
    var rule: [PortKey] {
        guard let any = entries.lazy.compactMap(\.self).first?.target else { return [] }
        return entries.map { $0?.target ?? any }
    }

    /// Outputs lead to the port.
    func leads(to port: PortKey) -> Bool { entries.contains { $0?.target == port && $0?.use != nil } }
}
