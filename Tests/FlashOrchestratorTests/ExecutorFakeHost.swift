// SPDX-License-Identifier: Apache-2.0

@testable import FlashOrchestrator

/// A machine in memory. It checks what it is asked for, can refuse any call, has no more frames than its memory, and packets
/// flow all the time: a ring that a table writes to is never empty, one that is only read empties.
final class FakeHost: Host {
    struct Ring {
        var capacity: Int
        var hasPackets = false
        var isProven = false
    }

    struct Thread {
        var table = TablePlan()
        var taken = TablePlan()
    }

    private(set) var memory: MemoryPlan?
    private(set) var hosts: [String: HostPlan] = [:]
    private(set) var interfaces: [String: InterfacePlan] = [:]
    private(set) var queues: [QueueID: Bool] = [:]
    /// Frames of each side.
    private(set) var ports: [PortKey: Int] = [:]
    private(set) var rewired: [PortKey] = []
    private(set) var functions: [FunctionID: FunctionPlan] = [:]
    private(set) var halted: Set<FunctionID> = []
    private(set) var rings: [RingKey: Ring] = [:]
    private(set) var threads: [ThreadKey: Thread] = [:]
    /// What should never have been asked for.
    private(set) var violations: [String] = []
    private(set) var recorded = Chain()
    private(set) var restarts: [FunctionID] = []

    /// Numbers of the calls, counted from 0, that are refused.
    var refused: Range<Int> = 0..<0
    private(set) var calls = 0
    /// Numbers of the records, counted from where this is set, that cannot be written.
    var unrecorded: Range<Int> = 0..<0 {
        didSet { records = 0 }
    }
    private var records = 0
    /// Threads that take no new table until their worker is replaced.
    var deaf: Set<ThreadKey> = []
    var brokenInterfaces: Set<String> = []
    /// Ports of which somebody else has written the rule.
    var strayPorts: Set<PortKey> = []
    var packetsLost: UInt64 = 0
    var deadline = 5.0
    private(set) var now: UInt64 = 0

    private func call(_ name: String) throws(HostError) {
        defer { calls += 1 }
        if refused.contains(calls) { throw .missing("\(name) refused") }
    }

    private func check(_ condition: Bool, _ message: String) {
        if !condition { violations.append(message) }
    }

    func createMemory(_ plan: MemoryPlan) throws(HostError) {
        try call("createMemory")
        check(memory == nil, "second memory")
        memory = plan
    }

    func removeMemory() throws(HostError) {
        try call("removeMemory")
        check(rings.isEmpty && threads.isEmpty && queues.isEmpty && ports.isEmpty, "memory removed under its users")
        memory = nil
    }

    func createHost(_ name: String, _ plan: HostPlan) throws(HostError) {
        try call("createHost")
        hosts[name] = plan
    }

    func removeHost(_ name: String, _ plan: HostPlan) throws(HostError) {
        try call("removeHost")
        hosts[name] = nil
    }

    func attach(_ interface: String, _ plan: InterfacePlan) throws(HostError) {
        try call("attach")
        check(!interfaces.values.contains { $0.device == plan.device }, "two programs on \(plan.device)")
        interfaces[interface] = plan
        brokenInterfaces.remove(interface)
    }

    func detach(_ interface: String, _ plan: InterfacePlan) throws(HostError) {
        try call("detach")
        check(!queues.keys.contains { $0.interface == interface }, "program removed under sockets")
        interfaces[interface] = nil
    }

    func openQueue(_ queue: QueueID, of interface: InterfacePlan) throws(HostError) {
        try call("openQueue")
        check(memory != nil, "socket without memory")
        queues[queue] = false
        check(freeFrames >= 0, "no frames for \(queue)")
    }

    func closeQueue(_ queue: QueueID) throws(HostError) {
        try call("closeQueue")
        check(
            !isUsed {
                $0 == .queue(queue)
            } target: {
                $0 == .queue(queue)
            }, "\(queue) closed under a thread")
        queues[queue] = nil
    }

    func openPort(_ port: PortKey, capacity: Int) throws(HostError) {
        try call("openPort")
        check(memory?.datapath == .flash, "port without a device for it")
        check(ports[port] == nil, "port opened twice")
        ports[port] = capacity
        check(freeFrames >= 0, "no frames for a port of \(port.thread)")
    }

    func closePort(_ port: PortKey) throws(HostError) {
        try call("closePort")
        check(!rings.keys.contains { $0.port == port }, "port closed under a link")
        ports[port] = nil
    }

    func rewire(_ port: PortKey) throws(HostError) {
        try call("rewire")
        check(ports[port] != nil, "no port to rewire")
        rewired.append(port)
        strayPorts.remove(port)
    }

    func start(_ function: FunctionID, _ plan: FunctionPlan) throws(HostError) {
        try call("start")
        check(functions[function] == nil, "\(function) started twice")
        functions[function] = plan
        for thread in Executor.threads(function, plan) { threads[thread] = Thread() }
        check(freeFrames >= 0, "no frames for \(function)")
    }

    func restart(_ function: FunctionID, from old: FunctionPlan, to new: FunctionPlan) throws(HostError) {
        try call("restart")
        check(functions[function] == old, "\(function) restarted from another state")
        functions[function] = new
        restarts.append(function)
        for thread in Executor.threads(function, new) { deaf.remove(thread) }
    }

    func reconfigure(_ function: FunctionID, from old: FunctionPlan, to new: FunctionPlan) throws(HostError) {
        try call("reconfigure")
        check(functions[function] == old, "\(function) reconfigured from another state")
        functions[function] = new
    }

    func replace(_ function: FunctionID) {
        restarts.append(function)
        deaf = deaf.filter { $0.function != function }
    }

    func stop(_ function: FunctionID) throws(HostError) {
        try call("stop")
        guard let plan = functions.removeValue(forKey: function) else { return check(false, "\(function) not there") }
        check(
            !rings.keys.contains { $0.source.function == function || $0.target.function == function },
            "\(function) stopped with rings")
        for thread in Executor.threads(function, plan) { threads[thread] = nil }
        halted.remove(function)
    }

    func halt(_ functions: [FunctionID]) { halted.formUnion(functions) }

    func resume(_ functions: [FunctionID]) throws(HostError) {
        try call("resume")
        halted.subtract(functions)
    }

    var datapath: any Datapath {
        get throws(HostError) {
            if memory == nil { throw .missing("no memory") }
            return self
        }
    }

    func record(_ chain: Chain) throws(HostError) {
        try call("record")
        defer { records += 1 }
        if unrecorded.contains(records) { throw .missing("record refused") }
        recorded = chain
    }

    func faults(in chain: Chain) -> [Fault] {
        var faults = chain.functions.keys.filter { functions[$0] == nil || halted.contains($0) }
            .map { Fault(.function($0), reason: "its worker is not running") }
        faults += chain.interfaces.keys.filter { interfaces[$0] == nil || brokenInterfaces.contains($0) }
            .map { Fault(.interface($0), reason: "its program is not attached") }
        faults += chain.ports.intersection(strayPorts).map { Fault(.port($0), reason: "its rule is another") }
        return faults
    }

    func wait(milliseconds: Int) {
        now += UInt64(milliseconds) * 1_000_000
        for (thread, state) in threads where isRunning(thread) && !deaf.contains(thread) {
            threads[thread]?.taken = state.table
        }
        for ring in rings.keys {
            let isWritten = isRunning(ring.source) && threads[ring.source]?.taken.writes(.ring(ring)) == true
            let isRead = isRunning(ring.target) && threads[ring.target]?.taken.reads(.ring(ring)) == true
            if isWritten { rings[ring]?.hasPackets = true } else if isRead { rings[ring]?.hasPackets = false }
            if isWritten && isRead { rings[ring]?.isProven = true }
        }
    }

    private func isUsed(_ source: (TablePlan.Source) -> Bool, target: (TablePlan.Target) -> Bool) -> Bool {
        threads.contains { thread, state in
            isRunning(thread) && [state.table, state.taken].contains { $0.uses(source, target) }
        }
    }
}

extension FakeHost: Datapath {
    var freeFrames: Int {
        let sources = functions.values.reduce(0) { $0 + ($1.isSource ? $1.function.threads : 0) }
        return (memory?.frames ?? 0) - queues.count * MemoryPlanner.framesPerQueue
            - sources * MemoryPlanner.framesPerSource - ports.values.reduce(0) { $0 + $1 * MemoryPlanner.ringsPerPort }
            - rings.values.reduce(0) { $0 + $1.capacity }
    }

    func addRing(_ ring: RingKey, capacity: Int) throws(HostError) {
        try call("addRing")
        check(rings[ring] == nil, "ring made twice")
        check(threads[ring.source] != nil && threads[ring.target] != nil, "ring between threads that are not there")
        check(memory?.datapath == .shared || ports[ring.port] != nil, "no port for a ring")
        rings[ring] = Ring(capacity: memory?.datapath == .flash ? 0 : capacity)
        check(freeFrames >= 0, "no frames for a ring of \(capacity) from \(ring.source) to \(ring.target)")
    }

    func removeRing(_ ring: RingKey) {
        check(rings[ring] != nil, "ring not there")
        check(
            !isUsed {
                $0 == .ring(ring)
            } target: {
                $0 == .ring(ring)
            }, "ring removed under a thread")
        check(rings[ring]?.hasPackets == false || !halted.isEmpty, "packets lost")
        rings[ring] = nil
    }

    func capacity(of ring: RingKey) -> Int { rings[ring]?.capacity ?? 0 }

    func capacity(of port: PortKey) -> Int { ports[port] ?? 0 }

    func isEmpty(_ ring: RingKey) -> Bool { rings[ring]?.hasPackets == false }

    func isProven(_ ring: RingKey) -> Bool { rings[ring]?.isProven == true }

    func deliver(_ queue: QueueID, _ isOn: Bool) throws(HostError) {
        try call("deliver")
        check(queues[queue] != nil, "\(queue) not open")
        queues[queue] = isOn
    }

    func isEmpty(_ queue: QueueID) -> Bool { queues[queue] == false }

    func setTable(_ table: TablePlan, of thread: ThreadKey) throws(HostError) {
        try call("setTable")
        check(hasAcknowledged(thread), "table set before the last one was taken")
        for input in table.inputs {
            switch input.source {
            case .ring(let ring):
                check(rings[ring] != nil && ring.target == thread, "\(thread) reads no ring of its own")
            case .queue(let queue):
                check(queues[queue] != nil, "\(thread) reads a closed queue")
                let others = threads.filter { $0.key != thread && $0.value.taken.reads(.queue(queue)) }
                check(others.isEmpty, "\(queue) has two readers")
            case .frames: break
            }
            for target in input.routes.joined() {
                switch target {
                case .ring(let ring):
                    check(rings[ring] != nil && ring.source == thread, "\(thread) writes no ring of its own")
                    check(
                        threads[ring.target]?.taken.reads(.ring(ring)) == true || halted.contains(ring.target.function),
                        "\(thread) writes a ring that nobody reads")
                case .queue(let queue): check(queues[queue] != nil, "\(thread) writes a closed queue")
                }
            }
        }
        threads[thread]?.table = table
        if !isRunning(thread) { threads[thread]?.taken = table }
    }

    func hasAcknowledged(_ thread: ThreadKey) -> Bool {
        guard let state = threads[thread], isRunning(thread) else { return true }
        return state.table == state.taken
    }

    func isRunning(_ thread: ThreadKey) -> Bool {
        functions[thread.function] != nil && !halted.contains(thread.function)
    }
}

extension FakeHost {
    /// What differs between the machine and a chain.
    func differences(from chain: Chain) -> [String] {
        var result: [String] = []
        if memory != chain.memory { result.append("memory") }
        if hosts != chain.hosts { result.append("hosts") }
        if interfaces != chain.interfaces { result.append("interfaces") }
        if Set(queues.keys) != chain.queues { result.append("queues") }
        if Set(ports.keys) != chain.ports { result.append("ports") }
        if functions != chain.functions { result.append("functions") }
        if !halted.isEmpty { result.append("halted") }
        if Set(rings.keys) != chain.rings { result.append("rings") }
        if recorded != chain { result.append("record") }
        let fabric = Fabric(chain)
        for (thread, state) in threads where state.taken != fabric.table(of: thread) {
            result.append("table of \(thread) is \(state.taken), not \(fabric.table(of: thread))")
        }
        for (queue, isOn) in queues where isOn != (fabric.reader(of: queue) != nil) {
            result.append("delivery of \(queue)")
        }
        return result
    }
}

extension TablePlan {
    func reads(_ source: Source) -> Bool { inputs.contains { $0.source == source } }

    func writes(_ target: Target) -> Bool { inputs.contains { $0.routes.contains { $0.contains(target) } } }

    func uses(_ source: (Source) -> Bool, _ target: (Target) -> Bool) -> Bool {
        inputs.contains { source($0.source) || $0.routes.contains { $0.contains(where: target) } }
    }
}
