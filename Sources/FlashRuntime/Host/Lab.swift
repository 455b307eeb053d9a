// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Hosts to try a chain with: a network namespace each, and a veth pair from the machine's own namespace to it.
///
/// What a lab makes carries a mark (an alias, as `ip link` shows it); nothing else is ever touched.
package enum Lab {
    package struct Host: Hashable, Codable, Sendable {
        /// Name of the namespace, for `ip netns exec`.
        package var namespace: String
        /// Name of the pair's end in the machine's own namespace. The other end is `eth0` in the host's.
        package var device: String
        /// With prefix length, as `ip address add` takes them.
        package var addresses: [String]
        /// RX and TX queues of each end.
        package var queues: Int

        package init(namespace: String, device: String, addresses: [String], queues: Int = 1) {
            self.namespace = namespace
            self.device = device
            self.addresses = addresses
            self.queues = queues
        }
    }

    package enum State: Hashable, Sendable {
        case absent
        /// Namespace and pair are there, and a lab made them.
        case present
        /// A lab made it, and something of it has gone.
        case damaged
        /// There is a namespace of that name that no lab made.
        case foreignNamespace
        /// There is a device of that name that no lab made for this host.
        case foreignDevice
    }

    /// What exists of a host.
    package static func state(of host: Host) throws(LabError) -> State {
        let device = try mark(of: host.device, in: nil)
        if let device, device != host.mark { return .foreignDevice }
        guard NetworkNamespace.exists(host.namespace) else { return device == nil ? .absent : .damaged }
        guard try mark(of: "lo", in: host.namespace) == namespaceMark else { return .foreignNamespace }
        guard device != nil, try mark(of: "eth0", in: host.namespace) != nil else { return .damaged }
        return .present
    }

    /// Makes hosts that are absent. All or none: a failure undoes what this call made.
    package static func create(_ hosts: [Host]) throws(LabError) {
        var undo: [[String]] = []
        do {
            for host in hosts { try create(host, undo: &undo) }
        } catch {
            for words in undo.reversed() { _ = try? ip(words) }
            throw error
        }
    }

    /// Removes what a lab made of these hosts, however much of it is left. Foreign namespaces and devices are an error,
    /// before anything is removed.
    package static func remove(_ hosts: [Host]) throws(LabError) {
        var commands: [[String]] = []
        for host in hosts {
            switch try state(of: host) {
            case .absent: continue
            case .present, .damaged: break
            case .foreignNamespace: throw .foreign("network namespace \(host.namespace)")
            case .foreignDevice: throw .foreign("device \(host.device)")
            }
            // The pair first: a namespace takes its devices with it only some time later.
            if Device.exists(host.device) { commands.append(["link", "delete", host.device]) }
            if NetworkNamespace.exists(host.namespace) { commands.append(["netns", "delete", host.namespace]) }
        }
        for words in commands { try ip(words) }
    }

    /// Removes what a process that died over `create` may have left of a host. Its marks may be missing yet.
    ///
    /// - Precondition: the host was absent when that process began, and said so before it did.
    package static func removeUnfinished(_ host: Host) throws(LabError) {
        if Device.exists(host.device) { try ip(["link", "delete", host.device]) }
        if NetworkNamespace.exists(host.namespace) { try ip(["netns", "delete", host.namespace]) }
    }

    private static let namespaceMark = "flash-orch lab"

    private static func create(_ host: Host, undo: inout [[String]]) throws(LabError) {
        let queues = ["numrxqueues", "\(host.queues)", "numtxqueues", "\(host.queues)"]
        try ip(["netns", "add", host.namespace])
        undo.append(["netns", "delete", host.namespace])
        try ip(["link", "set", "lo", "up", "alias", namespaceMark], in: host.namespace)
        let near = ["link", "add", host.device, "mtu", "1500"] + queues
        let far = ["peer", "name", "eth0", "mtu", "1500"] + queues + ["netns", host.namespace]
        try ip(near + ["type", "veth"] + far)
        undo.append(["link", "delete", host.device])
        try ip(["link", "set", host.device, "alias", host.mark])
        do {
            try configure(host)
        } catch {
            throw .system(error)
        }
        for address in host.addresses {
            try ip(["address", "add", address, "dev", "eth0"] + (isIPv6(address) ? ["nodad"] : []), in: host.namespace)
        }
        try ip(["link", "set", "eth0", "up"], in: host.namespace)
        try ip(["link", "set", host.device, "up"])
        try awaitLink("eth0", in: host.namespace)
        try awaitLink(host.device)
    }

    /// A device drops what is sent until the kernel's link watch has seen its carrier, which on a busy machine is some
    /// time after both ends are up. What is not there by then will not come, and is no reason to fail.
    private static func awaitLink(_ device: String, in namespace: String? = nil) throws(LabError) {
        for _ in 0..<500 {
            if try ip(["link", "show", "dev", device], in: namespace).contains(" state UP ") { return }
            usleep(10_000)
        }
    }

    private static func configure(_ host: Host) throws(SystemError) {
        // The outer end is a plug: what the machine itself would send there is none of the chain's business.
        setIPv6("disable_ipv6", of: host.device, to: 1)
        try NetworkNamespace.run(in: host.namespace) { () throws(SystemError) in
            setIPv6("accept_dad", of: "eth0", to: 0)
            // Without an address of that kind, a host would only talk to itself about it.
            if !host.addresses.contains(where: isIPv6) { setIPv6("disable_ipv6", of: "eth0", to: 1) }
            let device = try Device.find("eth0")
            // Frames are read by AF_XDP, where nobody fills in the checksum that a device was to fill in.
            try device.setTXChecksum(false)
            try device.setReceiveOffload(true)
        }
    }

    private static func isIPv6(_ address: String) -> Bool {
        address.utf8.contains(UInt8(ascii: ":"))
    }

    /// Without IPv6 in the kernel, or with a read-only /proc/sys, there is nothing to set; the chain works all the same.
    private static func setIPv6(_ name: String, of device: String, to value: Int) {
        try? SystemFile.write("\(value)", to: "/proc/sys/net/ipv6/conf/\(device)/\(name)")
    }

    /// A device's alias, empty where it has none; nil where there is no such device.
    static func mark(of device: String, in namespace: String?) throws(LabError) -> String? {
        do {
            let isThere =
                if let namespace {
                    try NetworkNamespace.run(in: namespace) { Device.exists(device) }
                } else {
                    Device.exists(device)
                }
            guard isThere else { return nil }
        } catch {
            throw .system(error)
        }
        let lines = try ip(["link", "show", "dev", device], in: namespace).split(separator: "\n")
        let alias = lines.lazy.map { $0.drop { $0 == " " } }.first { $0.hasPrefix("alias ") }
        return alias.map { String($0.dropFirst("alias ".count)) } ?? ""
    }

    /// Runs `ip` on the machine's own devices, or on those of a namespace.
    @discardableResult
    static func ip(_ words: [String], in namespace: String? = nil) throws(LabError) -> String {
        do {
            return try Command(["ip"] + (namespace.map { ["-n", $0] } ?? []) + words).run()
        } catch {
            throw .command(error)
        }
    }
}

extension Lab.Host {
    /// The alias of the outer end.
    fileprivate var mark: String { "flash-orch lab \(namespace)" }
}

/// Why a lab could not be made or removed.
package enum LabError: Error, Hashable, Sendable, CustomStringConvertible {
    case command(CommandError)
    case system(SystemError)
    /// Something that no lab made stands where a lab's would.
    case foreign(String)

    package var description: String {
        switch self {
        case .command(let error): error.description
        case .system(let error): error.description
        case .foreign(let what): "\(what) was not made by flash-orch for this, and is left alone"
        }
    }
}
