// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// Makes the chain that a topology asks for, keeping of the observed one what can be kept.
struct ChainBuilder {
    let topology: Topology
    let observed: Observed
    let surroundings: Surroundings
    /// The memory that is there does where it can.
    var keepsMemory = true

    func build() throws(PlanError) -> Chain {
        var chain = Chain()
        chain.functions = try functions()
        chain.hosts = hosts()
        for interface in topology.interfaces {
            chain.interfaces[interface.name] = InterfacePlan(
                device: interface.device, mode: interface.mode, zeroCopy: interface.zeroCopy)
        }
        try checkDevices(chain)

        let instances = Dictionary(chain.functions.keys.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let sources = Set(chain.functions.filter(\.value.isSource).keys.map(\.name))
        chain.links = Wiring.links(of: topology, functions: instances, sources: sources)
        for link in chain.links.values {
            for hop in link.hops {
                if case .queue(let queue) = hop.source { chain.queues.insert(queue) }
                if case .queue(let queue) = hop.target { chain.queues.insert(queue) }
            }
        }
        guard chain.queues.count <= SharedDatapath.portLimit else {
            throw .tooManyQueues(chain.queues.count, limit: SharedDatapath.portLimit)
        }
        let datapath = try datapath(of: chain)
        if datapath == .flash { chain.ports = chain.meetings }
        chain.memory = try memory(chain, datapath)
        return chain
    }

    /// `auto` is `flash` where the kernel has it, it can be used, and the chain can go through sockets.
    private func datapath(of chain: Chain) throws(PlanError) -> DatapathKind {
        switch (topology.datapath, surroundings.flashKernel) {
        case (.shared, _), (.auto, .absent), (.auto, .unusable): return .shared
        case (.flash, .absent): throw .noFlashKernel
        case (.flash, .unusable(let reason)): throw .flashKernelUnusable(reason)
        case (.auto, .usable), (.flash, .usable): break
        }
        guard let obstacle = obstacle(to: chain) else { return .flash }
        if topology.datapath == .flash { throw .flashUnfit(obstacle) }
        return .shared
    }

    /// Why `auto` is `shared` although there is a FLASH kernel, as a clause; nil where it is not, or there is none.
    func fallback(of chain: Chain) -> String? {
        switch (topology.datapath, surroundings.flashKernel) {
        case (.auto, .unusable(let reason)): reason
        case (.auto, .usable): obstacle(to: chain)
        case (.auto, .absent), (.shared, _), (.flash, _): nil
        }
    }

    /// Why a chain cannot go through sockets, as a clause; nil where it can.
    private func obstacle(to chain: Chain) -> String? {
        let sockets = chain.meetings.count + chain.queues.count
        if sockets > SharedDatapath.portLimit {
            return "it takes \(sockets) sockets, and a topology can have \(SharedDatapath.portLimit)"
        }
        // All that a thread receives can take the first link of such an output, and so what has just come over it.
        let circle = chain.links.filter { source, link in
            source.isFirst && link.hops.contains { $0.source == $0.target }
        }
        if let source = circle.keys.min() {
            return "\(LinkNames(chain).text(of: source)) leads to its own NF, and no socket sends to itself"
        }
        return crowd(in: chain).map { thread, count in
            "a socket of \(thread) sends to \(count) others, and can send to \(FlashKernel.outletLimit)"
        }
    }

    /// The first thread with a path whose packets have more ways to go on than a rule can name, and how many.
    private func crowd(in chain: Chain) -> (thread: ThreadKey, count: Int)? {
        let fabric = Fabric(chain)
        for (function, plan) in chain.functions.sorted(by: { $0.key < $1.key }) {
            for index in 0..<plan.function.threads {
                let thread = ThreadKey(function: function, index: index)
                let counts = fabric.table(of: thread).inputs.map { input in
                    input.routes.joined().count { if case .ring = $0 { true } else { false } }
                }
                if let count = counts.max(), count > FlashKernel.outletLimit { return (thread, count) }
            }
        }
        return nil
    }

    private func functions() throws(PlanError) -> [FunctionID: FunctionPlan] {
        var newest: [String: FunctionID] = [:]
        for function in observed.chain.functions.keys.sorted() { newest[function.name] = function }
        var result: [FunctionID: FunctionPlan] = [:]
        for function in topology.functions {
            guard let declaration = surroundings.declaration(function.program) else {
                throw .unknownProgram(nf: function.name, program: function.program)
            }
            var identity = newest[function.name] ?? FunctionID(name: function.name)
            if let old = observed.chain.functions[identity]?.function,
                old.threads != function.threads || old.program != function.program
            {
                identity.instance += 1
            }
            result[identity] = FunctionPlan(
                function: function, outputs: declaration.outputNames(configuration: function.configuration),
                isSource: declaration.isSource)
        }
        return result
    }

    private func hosts() -> [String: HostPlan] {
        var result: [String: HostPlan] = [:]
        for host in topology.lab {
            guard let interface = topology.interfaces.first(where: { $0.name == host.interface }) else { continue }
            result[host.name] = HostPlan(
                namespace: "\(topology.name)-\(host.name)", interface: interface.name, device: interface.device,
                address: host.address, queues: (interface.queues.max() ?? 0) + 1)
        }
        return result
    }

    private func memory(_ chain: Chain, _ datapath: DatapathKind) throws(PlanError) -> MemoryPlan {
        let rings = chain.links.values.reduce(0) { $0 + $1.ringCount }
        let fresh = try MemoryPlanner.plan(
            request: topology.memory, datapath: datapath, rings: rings, ports: chain.ports.count,
            queues: chain.queues.count, sources: chain.sourceThreads)
        guard keepsMemory, let old = observed.chain.memory, old.datapath == fresh.datapath,
            old.frameSize == fresh.frameSize,
            topology.memory.frames == nil || topology.memory.frames == old.frames
        else { return fresh }
        return old
    }

    private func checkDevices(_ chain: Chain) throws(PlanError) {
        var users: [String: String] = [:]
        for (name, interface) in chain.interfaces.sorted(by: { $0.key < $1.key }) {
            let device = interface.device
            if let other = users.updateValue(name, forKey: device) {
                throw .deviceHeldTwice(device: device, interfaces: [other, name])
            }
            if let holder = surroundings.held[device] {
                throw .deviceHeld(device: device, interface: name, byTopology: holder)
            }
        }
        let ours = Set(observed.chain.hosts.values.map(\.device))
        for (name, host) in chain.hosts.sorted(by: { $0.key < $1.key }) {
            if !ours.contains(host.device), surroundings.devices[host.device] != nil {
                throw .deviceExists(device: host.device, host: name)
            }
            if observed.chain.hosts[name]?.namespace != host.namespace,
                surroundings.namespaces.contains(host.namespace)
            {
                throw .namespaceExists(namespace: host.namespace, host: name)
            }
        }
        let made = Set(chain.hosts.values.map(\.device))
        for interface in topology.interfaces where !made.contains(interface.device) {
            guard !ours.contains(interface.device), let count = surroundings.devices[interface.device] else {
                throw .deviceMissing(device: interface.device, interface: interface.name)
            }
            if let queue = interface.queues.first(where: { $0 >= count }) {
                throw .queueMissing(device: interface.device, queue: queue, count: count)
            }
        }
    }
}
