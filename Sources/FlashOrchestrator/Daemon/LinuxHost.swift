// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// The machine as the executor of one topology sees it: Linux, and a datapath.
final class LinuxHost: Host {
    let topology: String
    let folder: RuntimeFolder
    /// The worker's program file, open; borrowed.
    let program: Int32
    /// Lets the daemon deal with its events for at most that many milliseconds, or until one has happened.
    var pump: (Int) -> Void = { _ in }
    /// Writes the record.
    var save: (LinuxHost, Chain) throws(SystemError) -> Void = { _, _ in }

    /// The memory, and what stands in it.
    var shared: SharedDatapath?
    /// nil on the `shared` datapath.
    var flash: FlashDatapath?
    /// On which the workers' threads say that they have done what they were asked.
    var acknowledge: DescriptorBox?
    var functions: [FunctionID: FunctionRecord] = [:]
    var rings: [RingKey: RingID] = [:]
    var queues: [QueueID: QueueRecord] = [:]
    var programs: [String: ProgramRecord] = [:]
    var tables: [ThreadKey: TablePlan] = [:]
    var generations: [ThreadKey: UInt32] = [:]
    var pendingHost: HostPlan?
    /// Losses of threads and sockets that are gone.
    var lostBefore: UInt64 = 0

    var deadline = 5.0 {
        didSet { for record in functions.values { record.worker.map { prepare($0.control) } } }
    }

    /// A worker that is slow to answer keeps nobody else waiting.
    func prepare(_ control: WorkerControl) {
        control.deadlineMilliseconds = Int(deadline * 1000)
        control.whileWaiting = { [unowned self] in pump(0) }
    }

    /// How long a worker may take to end when it is asked to, in milliseconds.
    static let stopPatience = 1000

    init(topology: String, folder: RuntimeFolder, program: Int32) {
        self.topology = topology
        self.folder = folder
        self.program = program
    }

    // MARK: memory

    func createMemory(_ plan: MemoryPlan) throws(HostError) {
        do {
            acknowledge = DescriptorBox(try OwnedDescriptor.event())
            shared = try SharedDatapath.create(frameCount: plan.frames, frameSize: plan.frameSize)
            shared?.leaveMemory()
        } catch {
            acknowledge = nil
            throw .system(error, doing: "making \(plan.frames) frames of \(plan.frameSize) bytes")
        }
        if plan.datapath == .shared { return }
        let flash = FlashDatapath(host: self)
        do {
            try SocketDevice.create(for: topology, in: folder.path)
            self.flash = flash
        } catch {
            shared = nil
            acknowledge = nil
            throw .lab(error, doing: "making \(flash.device), the device of the ports")
        }
    }

    func removeMemory() throws(HostError) {
        if let flash {
            do {
                try SocketDevice.remove(of: topology, in: folder.path)
            } catch {
                throw .lab(error, doing: "removing \(flash.device), the device of the ports")
            }
        }
        flash = nil
        shared = nil
        acknowledge = nil
        rings = [:]
        tables = [:]
        generations = [:]
    }

    func requireShared() throws(HostError) -> SharedDatapath {
        guard let shared else { throw .missing("there is no umem") }
        return shared
    }

    // MARK: ports

    func openPort(_ port: PortKey, capacity: Int) throws(HostError) {
        try requireFlash().open(port, capacity: capacity)
    }

    func closePort(_ port: PortKey) throws(HostError) { try requireFlash().close(port) }

    func rewire(_ port: PortKey) throws(HostError) { try requireFlash().rewire(port) }

    private func requireFlash() throws(HostError) -> FlashDatapath {
        guard let flash else { throw .missing("there is no device for ports") }
        return flash
    }

    // MARK: lab

    func createHost(_ name: String, _ plan: HostPlan) throws(HostError) {
        do {
            pendingHost = plan
            defer { pendingHost = nil }
            saveAgain()
            try Lab.create([plan.host])
        } catch {
            throw .lab(error, doing: "making host \(name)")
        }
    }

    func removeHost(_ name: String, _ plan: HostPlan) throws(HostError) {
        do {
            try Lab.remove([plan.host])
        } catch {
            throw .lab(error, doing: "removing host \(name)")
        }
    }

    // MARK: record and readings

    private(set) var recordedChain = Chain()

    /// Tells what stands, without writing it.
    func recordChain(_ chain: Chain) { recordedChain = chain }

    /// Writes what stands although no step changed it.
    func saveAgain() { try? save(self, recordedChain) }

    func record(_ chain: Chain) throws(HostError) {
        recordedChain = chain
        do {
            try save(self, chain)
        } catch {
            throw .system(error, doing: "writing the state of \(topology)")
        }
    }

    func faults(in chain: Chain) -> [Fault] {
        var faults: [Fault] = []
        for (name, host) in chain.hosts.sorted(by: { $0.key < $1.key }) {
            if !NetworkNamespace.exists(host.namespace) {
                faults.append(Fault(.host(name), reason: "its namespace \(host.namespace) is gone"))
            } else if !Device.exists(host.device) {
                faults.append(Fault(.host(name), reason: "its device \(host.device) is gone"))
            }
        }
        for (name, interface) in chain.interfaces.sorted(by: { $0.key < $1.key }) {
            if let reason = fault(of: name, interface) { faults.append(Fault(.interface(name), reason: reason)) }
        }
        faults += flash?.faults(in: chain) ?? []
        for function in chain.functions.keys.sorted() {
            if let reason = functions[function]?.fault ?? (functions[function] == nil ? "it was not started" : nil) {
                faults.append(Fault(.function(function), reason: reason))
            }
        }
        return faults
    }

    var packetsLost: UInt64 {
        guard let shared else { return lostBefore }
        var lost = lostBefore
        for function in functions.values {
            for thread in function.threads { lost &+= Self.lost(by: thread.id, in: shared) }
        }
        for queue in queues.values { lost &+= queue.lost }
        lost &+= flash?.refused ?? 0
        return lost
    }

    static func lost(by thread: ThreadID, in shared: SharedDatapath) -> UInt64 {
        shared.counters(thread, programCounters: 0).drops[Int(DropReason.noLink.rawValue)]
    }

    var now: UInt64 { MonotonicClock.now() }

    func wait(milliseconds: Int) { pump(milliseconds) }
}

extension HostPlan {
    var host: Lab.Host {
        Lab.Host(namespace: namespace, device: device, addresses: [address], queues: queues)
    }
}
