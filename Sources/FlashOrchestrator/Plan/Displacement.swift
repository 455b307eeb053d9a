// SPDX-License-Identifier: Apache-2.0

/// What has to be broken before it is made anew, because the two cannot stand beside each other: a NIC queue has one
/// socket, a device one program, a socket one UMEM.
struct Displacement {
    /// The observed chain without what is displaced.
    private(set) var middle: Chain
    /// Why, by what is displaced.
    private(set) var reasons: [Reasoned: String] = [:]

    enum Reasoned: Hashable {
        case all
        case host(String)
        case interface(String)
    }

    /// - Parameter shortage: why the memory that is there does not do, where the frames say so.
    init(from observed: Observed, to target: Chain, shortage: String? = nil) {
        let old = observed.chain
        middle = old
        if let reason = Self.memoryReason(old.memory, target.memory) ?? observed.reason(of: .ports) ?? shortage {
            reasons[.all] = reason
            middle = Chain(hosts: old.hosts)
        }
        for (name, host) in old.hosts {
            guard let wanted = target.hosts[name] else { continue }
            if let reason = Self.reason(host, wanted) ?? observed.reason(of: .host(name)) {
                displace(host: name, reason)
            }
        }
        for (name, interface) in old.interfaces {
            guard let wanted = target.interfaces[name] else { continue }
            if let reason = Self.reason(interface, wanted) ?? observed.reason(of: .interface(name)) {
                displace(interface: name, reason)
            }
        }
        // A device that changes its interface's name is let go by the one before the other takes it.
        let taken = Dictionary(
            target.interfaces.map { ($0.value.device, $0.key) }, uniquingKeysWith: { first, _ in first })
        for (name, interface) in old.interfaces where middle.interfaces[name] != nil {
            if let next = taken[interface.device], next != name {
                displace(interface: name, "interface \(next) takes its device")
            }
        }
        for (name, host) in old.hosts where middle.hosts[name] != nil {
            let isTaken = target.hosts.contains { $0.key != name && $0.value.device == host.device }
            if isTaken { displace(host: name, "another host takes its device") }
        }
    }

    private mutating func displace(host name: String, _ reason: String) {
        reasons[.host(name)] = reason
        guard let host = middle.hosts.removeValue(forKey: name) else { return }
        displace(interface: host.interface, reason)
    }

    private mutating func displace(interface name: String, _ reason: String) {
        if reasons[.interface(name)] == nil { reasons[.interface(name)] = reason }
        middle.removeInterface(name)
    }

    private static func memoryReason(_ old: MemoryPlan?, _ new: MemoryPlan?) -> String? {
        guard let old, let new else { return nil }
        if old.datapath != new.datapath { return "the datapath changes to \(new.datapath.rawValue)" }
        if old.frameSize != new.frameSize {
            return "umem.frame_size changes from \(old.frameSize) to \(new.frameSize)"
        }
        if old.frames != new.frames { return "umem.frames changes from \(old.frames) to \(new.frames)" }
        return nil
    }

    private static func reason(_ old: HostPlan, _ new: HostPlan) -> String? {
        if old.device != new.device { return "its device changes from \(old.device) to \(new.device)" }
        if old.address != new.address { return "its address changes from \(old.address) to \(new.address)" }
        if old.queues != new.queues { return "its queues change from \(old.queues) to \(new.queues)" }
        return old == new ? nil : "it changes"
    }

    private static func reason(_ old: InterfacePlan, _ new: InterfacePlan) -> String? {
        if old.device != new.device { return "its device changes from \(old.device) to \(new.device)" }
        if old.mode != new.mode { return "its mode changes from \(old.mode.rawValue) to \(new.mode.rawValue)" }
        if old.zeroCopy != new.zeroCopy {
            return "zero_copy changes from \(old.zeroCopy.rawValue) to \(new.zeroCopy.rawValue)"
        }
        return nil
    }
}

extension Observed {
    func reason(of subject: Fault.Subject) -> String? {
        faults.first { $0.subject == subject }?.reason
    }
}

extension Chain {
    /// Removes an interface with its queues, and the links that begin or end there.
    package mutating func removeInterface(_ name: String) {
        guard interfaces.removeValue(forKey: name) != nil else { return }
        queues = queues.filter { $0.interface != name }
        links = links.filter { source, link in
            if case .queues(name, _) = link.target { return false }
            if case .queue(let queue) = source.head, queue.interface == name { return false }
            return true
        }
    }

    /// Threads that make packets.
    package var sourceThreads: Int {
        functions.values.reduce(0) { $0 + ($1.isSource ? $1.function.threads : 0) }
    }

    /// The exchange rings that the chain's hops are.
    package var rings: Set<RingKey> {
        var result: Set<RingKey> = []
        for (source, link) in links {
            for hop in link.hops {
                if let ring = hop.ring(of: source) { result.insert(ring) }
            }
        }
        return result
    }
}
