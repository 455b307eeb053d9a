// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// The `flash` datapath: each port is an AF_XDP socket on a device that was made for them, and the kernel hands packets
/// from socket to socket as their rules say. A ring is a way from one to the other, and only counts packets.
///
/// Rules follow from the tables: what a thread's outputs lead to, for each path, is what the path's port sends to. A rule is
/// written before the table that uses it, and an index is given up when nothing waits for it.
final class FlashDatapath {
    unowned let host: LinuxHost
    let device: String
    private(set) var ports: [PortKey: SocketPort] = [:]
    /// Which queue to try next: one that was let go of is held for some time.
    private var nextQueue = 0

    init(host: LinuxHost, ports: [PortKey: SocketPort] = [:]) {
        self.host = host
        self.ports = ports
        device = SocketDevice.name(for: host.topology, in: host.folder.path)
        nextQueue = (ports.values.map(\.queue).max() ?? -1) + 1
    }

    // MARK: ports

    func open(_ key: PortKey, capacity: Int) throws(HostError) {
        let shared = try host.requireShared()
        let subject = "a port of \(key.thread)"
        let used = Set(ports.values.map(\.queue))
        let queues = (0..<SocketDevice.queueCount).lazy.map { ($0 + self.nextQueue) % SocketDevice.queueCount }
        guard let queue = queues.first(where: { !used.contains($0) }) else {
            throw .datapath("\(subject): all \(SocketDevice.queueCount) queues of \(device) are in use")
        }
        let socket = try openSocket(queue, of: shared, capacity: capacity, subject)
        let flashID: Int
        do throws(SystemError) {
            flashID = try FlashKernel.identifier(
                of: socket.descriptor.rawValue, device: try Device.find(device), queue: queue)
        } catch {
            throw .system(error, doing: subject)
        }
        do throws(DatapathError) {
            let port = try shared.addPort(socket: socket.descriptor.rawValue, rings: socket.rings, redirects: true)
            shared.leaveMemory()
            ports[key] = SocketPort(key: key, port: port, queue: queue, socket: socket, flashID: flashID)
            nextQueue = queue + 1
        } catch {
            throw .datapath("\(subject): \(error.text)")
        }
    }

    /// All sockets have one UMEM: nothing is copied from one to the other.
    private func openSocket(
        _ queue: Int, of shared: SharedDatapath, capacity: Int, _ subject: String
    ) throws(HostError) -> XDPSocket {
        let memory: XDPSocket.Memory =
            if let other = ports.values.first {
                .share(with: other.socket.descriptor.rawValue)
            } else {
                .register(shared.memory, size: shared.memorySize, frameSize: shared.frameSize)
            }
        do throws(SystemError) {
            return try XDPSocket.open(
                device: try Device.find(device), queue: queue, memory: memory,
                sizes: XDPSocket.Sizes(rx: capacity, tx: capacity, fill: capacity, completion: capacity),
                zeroCopy: .off)
        } catch {
            throw .system(error, doing: subject)
        }
    }

    func close(_ key: PortKey) throws(HostError) {
        try closeSocket(of: key)
        // The kernel refuses what is on its way to a closed socket.
        for other in ports.values where other.outlets.isLeaving(key) {
            other.socket.kick()
            forget(key, of: other)
        }
    }

    private func closeSocket(of key: PortKey) throws(HostError) {
        guard let port = ports[key] else { return }
        try host.dropPort(port.port, called: "a port")
        if let state = host.shared?.port(port.port) {
            host.lostBefore &+= UInt64(state.receiveUsed + state.transmitWaiting) &+ refused(by: port)
        }
        host.shared?.removePort(port.port)
        ports[key] = nil
    }

    /// Packets that could not be handed over.
    func refused(by port: SocketPort) -> UInt64 {
        FlashKernel.statistics(of: port.flashID).reduce(0) { $1.key.hasPrefix("refused_") ? $0 &+ $1.value : $0 }
    }

    /// Packets that no port could hand over so far.
    var refused: UInt64 { ports.values.reduce(0) { $0 &+ refused(by: $1) } }

    /// What is not as it was made.
    func faults(in chain: Chain) -> [Fault] {
        if let fault = deviceFault { return [Fault(.ports, reason: "the device \(device) of its ports \(fault)")] }
        return chain.ports.sorted().compactMap { key in
            ports[key]?.fault.map { Fault(.port(key), reason: $0) }
        }
    }

    private var deviceFault: String? {
        guard let found = try? Device.find(device) else { return "is gone" }
        if !found.isUp { return "is down" }
        guard let port = ports.values.first,
            let bound = SystemFile.line("\(FlashKernel.folder)/\(port.flashID)/ifindex")
        else { return nil }
        return bound == String(found.index) ? nil : "is another one now"
    }

    // MARK: rules

    /// Writes the rule of a port, if it is not what was written last.
    private func write(_ port: SocketPort, always: Bool = false) throws(HostError) {
        var rule: [Int] = []
        for target in port.outlets.rule {
            guard let target = ports[target] else { throw .missing("a port of \(target.thread) is not open") }
            rule.append(target.flashID)
        }
        if rule == port.written && !always { return }
        do throws(SystemError) {
            try FlashKernel.setNext(rule, of: port.flashID)
            port.written = rule
        } catch {
            throw .system(error, doing: "a port of \(port.key.thread)")
        }
    }

    func rewire(_ key: PortKey) throws(HostError) {
        guard let port = ports[key] else { throw .missing("a port of \(key.thread) is not open") }
        try write(port, always: true)
    }

    /// Where a rule cannot be written any more, what the kernel says differs from what was written, and that is seen.
    private func forget(_ target: PortKey, of port: SocketPort) {
        port.outlets.forget(target)
        port.leavingMarks[target] = nil
        try? write(port)
    }

    private func ports(of thread: ThreadKey) -> [SocketPort] { ports.values.filter { $0.key.thread == thread } }

    /// No packet waits for an index that leads to `target` for no output any more.
    private func hasLeft(_ port: SocketPort, _ target: PortKey) -> Bool {
        guard port.outlets.isLeaving(target), let state = host.shared?.port(port.port), state.transmitWaiting > 0
        else { return true }
        let mark = port.leavingMarks[target] ?? state.sent
        port.leavingMarks[target] = mark
        // Its thread may be dead.
        port.socket.kick()
        return Int32(bitPattern: state.taken &- mark) >= 0
    }

    /// Takes the place of a port's reader that is gone for good until no packet is on its way there. An index that is given up before
    /// would lead them to others.
    private func clear(_ target: PortKey, of port: SocketPort) {
        guard let shared = host.shared, let to = ports[target], host.isGone(target.thread) else { return }
        var before: UInt32?
        while !hasLeft(port, target), let taken = shared.port(port.port)?.taken, taken != before {
            before = taken
            host.lostBefore &+= UInt64(shared.discardReceived(to.port))
            port.socket.kick()
        }
    }

    /// Some thread's outputs lead to the port.
    private func isFed(_ port: PortKey) -> Bool {
        host.tables.values.contains { table in
            table.inputs.contains { input in
                input.routes.joined().contains { target in
                    if case .ring(let ring) = target { ring.port == port } else { false }
                }
            }
        }
    }

    func status(of key: PortKey, _ names: LinkNames) -> PortStatus? {
        guard let port = ports[key], let state = host.shared?.port(port.port) else { return nil }
        return PortStatus(
            nf: key.thread.function.name, thread: key.thread.index,
            path: names.path(of: LinkSource(head: key.head)), visit: key.visit + 1, flashID: port.flashID,
            device: device, queue: port.queue, next: (try? FlashKernel.next(of: port.flashID)) ?? [],
            used: state.receiveUsed, capacity: state.receiveSize,
            statistics: FlashKernel.statistics(of: port.flashID))
    }

    /// Where a way leads to: the socket's number, and packets in its RX ring.
    func state(of ring: RingKey) -> (flashID: Int, used: Int, capacity: Int)? {
        guard let port = ports[ring.port], let state = host.shared?.port(port.port) else { return nil }
        return (port.flashID, state.receiveUsed, state.receiveSize)
    }

    // MARK: tables

    private static func port(_ source: TablePlan.Source, of thread: ThreadKey) -> PortKey {
        switch source {
        case .queue(let queue): PortKey(thread: thread, head: .queue(queue))
        case .ring(let ring): ring.port
        case .frames: .origin(of: thread)
        }
    }

    /// The ports that a table needs, each once, with what its path's packets are routed to.
    private func uses(_ table: TablePlan, _ thread: ThreadKey) throws(DatapathError) -> [(SocketPort, TablePlan.Input)]
    {
        var seen: Set<PortKey> = []
        var result: [(SocketPort, TablePlan.Input)] = []
        for input in table.inputs {
            let key = Self.port(input.source, of: thread)
            if !seen.insert(key).inserted { continue }
            guard let port = ports[key] else { throw .invalid("a port of \(thread) is not open") }
            result.append((port, input))
        }
        return result
    }

    /// Ports of which a worker has to have the sockets.
    func ports(in table: TablePlan, of thread: ThreadKey) throws(DatapathError) -> [SocketPort] {
        try uses(table, thread).map(\.0)
    }

    /// The table in terms of sockets: paths that meet at a port are one input.
    func resolve(_ table: TablePlan, _ thread: ThreadKey) throws(DatapathError) -> ThreadTable {
        var result = ThreadTable()
        for (port, input) in try uses(table, thread) {
            var resolved = ThreadTable.Input(source: .port(port.port), routes: [])
            switch input.source {
            case .queue(let queue): resolved.source = .port(try host.port(queue))
            case .frames: resolved.source = .frames(try host.frames(of: thread))
            case .ring: break
            }
            for (output, route) in input.routes.enumerated() {
                var targets: [ThreadTable.Target] = []
                for (choice, target) in route.enumerated() {
                    switch target {
                    case .queue(let queue): targets.append(.port(try host.port(queue)))
                    case .ring(let ring):
                        let use = Outlets.Use(output: output, choice: choice)
                        guard let index = port.outlets.index(of: use), let counter = host.rings[ring] else {
                            throw .invalid("no way from \(ring.source) to \(ring.target)")
                        }
                        targets.append(.outlet(port.port, outlet: index, counter: counter))
                    }
                }
                resolved.routes.append(targets)
            }
            result.inputs.append(resolved)
        }
        return result
    }
}

extension FlashDatapath: Datapath {
    var freeFrames: Int { host.freeFrames }

    func addRing(_ ring: RingKey, capacity: Int) throws(HostError) { try host.addRing(ring, capacity: 0) }

    func removeRing(_ ring: RingKey) {
        host.removeRing(ring)
        for port in ports(of: ring.source) where port.outlets.isLeaving(ring.port) {
            clear(ring.port, of: port)
            // Else when the target closes: what is still on its way there is refused then.
            if hasLeft(port, ring.port) { forget(ring.port, of: port) }
        }
    }

    func capacity(of ring: RingKey) -> Int { 0 }

    func capacity(of port: PortKey) -> Int {
        ports[port].flatMap { host.shared?.port($0.port)?.receiveSize } ?? 0
    }

    func isEmpty(_ ring: RingKey) -> Bool {
        guard ports(of: ring.source).allSatisfy({ hasLeft($0, ring.port) }) else { return false }
        guard let target = ports[ring.port], !isFed(ring.port) else { return true }
        return host.shared?.port(target.port)?.receiveUsed ?? 0 == 0
    }

    func isProven(_ ring: RingKey) -> Bool {
        let senders = ports(of: ring.source).filter { $0.outlets.leads(to: ring.port) }
        return !senders.isEmpty && senders.allSatisfy { $0.fault == nil }
    }

    func setTable(_ table: TablePlan, of thread: ThreadKey) throws(HostError) {
        let uses: [(SocketPort, TablePlan.Input)]
        do throws(DatapathError) { uses = try self.uses(table, thread) } catch {
            throw .datapath("the table of \(thread): \(error.text)")
        }
        let before = uses.map(\.0.outlets)
        do throws(HostError) {
            for (port, input) in uses {
                port.outlets.lead(
                    input.routes.map { route in
                        route.map { if case .ring(let ring) = $0 { ring.port } else { nil } }
                    })
                port.leavingMarks = port.leavingMarks.filter { port.outlets.isLeaving($0.key) }
                try write(port)
            }
            try host.setTable(table, of: thread)
        } catch {
            for ((port, _), outlets) in zip(uses, before) where port.outlets != outlets {
                port.outlets = outlets
                try? write(port, always: true)
            }
            throw error
        }
    }

    func deliver(_ queue: QueueID, _ isOn: Bool) throws(HostError) { try host.deliver(queue, isOn) }
    func isEmpty(_ queue: QueueID) -> Bool { host.isEmpty(queue) }
    func hasAcknowledged(_ thread: ThreadKey) -> Bool { host.hasAcknowledged(thread) }
    func isRunning(_ thread: ThreadKey) -> Bool { host.isRunning(thread) }
}
