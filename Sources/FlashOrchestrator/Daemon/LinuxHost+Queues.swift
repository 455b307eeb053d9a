// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// Devices: the XDP program, and sockets on queues.
extension LinuxHost {
    func attach(_ interface: String, _ plan: InterfacePlan) throws(HostError) {
        do throws(SystemError) {
            let device = try Device.find(plan.device)
            if !device.isUp { throw SystemError(call: "attach", code: 100, context: "\(plan.device) is down") }
            programs[interface] = ProgramRecord(
                try XDPProgram.attach(to: device, mode: plan.mode == .native ? .native : .generic))
        } catch {
            throw .system(error, doing: "interface \(interface)")
        }
    }

    func detach(_ interface: String, _ plan: InterfacePlan) throws(HostError) {
        guard let record = programs[interface] else { return }
        do {
            try record.program.detach()
            programs[interface] = nil
        } catch {
            throw .system(error, doing: "interface \(interface)")
        }
    }

    func openQueue(_ queue: QueueID, of interface: InterfacePlan) throws(HostError) {
        let shared = try requireShared()
        let socket: XDPSocket
        do {
            let device = try Device.find(interface.device)
            let zeroCopy: XDPSocket.ZeroCopy =
                switch interface.zeroCopy {
                case .auto: .auto
                case .required: .required
                case .off: .off
                }
            let size = MemoryPlanner.queueRingSize
            socket = try XDPSocket.open(
                device: device, queue: queue.queue,
                memory: .register(shared.memory, size: shared.memorySize, frameSize: shared.frameSize),
                sizes: XDPSocket.Sizes(rx: size, tx: size, fill: size, completion: size), zeroCopy: zeroCopy)
        } catch {
            throw .system(error, doing: "queue \(queue)")
        }
        do {
            let port = try shared.addPort(socket: socket.descriptor.rawValue, rings: socket.rings)
            shared.leaveMemory()
            queues[queue] = QueueRecord(queue: queue, port: port, socket: socket)
        } catch {
            throw .datapath("queue \(queue): \(error.text)")
        }
    }

    func closeQueue(_ queue: QueueID) throws(HostError) {
        guard let record = queues[queue] else { return }
        if record.isDelivered { try deliver(queue, false) }
        try dropPort(record.port, called: "queue \(queue)")
        lostBefore &+= record.lost
        shared?.removePort(record.port)
        queues[queue] = nil
    }

    func deliver(_ queue: QueueID, _ isOn: Bool) throws(HostError) {
        guard let record = queues[queue], let program = programs[queue.interface] else {
            throw .missing("queue \(queue) is not open")
        }
        if record.isDelivered == isOn { return }
        let isTaken: Bool
        do throws(SystemError) {
            if isOn {
                try program.program.setSocket(queue: queue.queue, socket: record.socket.descriptor.rawValue)
            } else {
                try program.program.clearSocket(queue: queue.queue)
            }
            isTaken = try program.program.holdsSocket(queue: queue.queue) == isOn
        } catch {
            throw .system(error, doing: "queue \(queue)")
        }
        if !isTaken { throw .missing("queue \(queue): the XDP program did not take the change of its socket") }
        record.isDelivered = isOn
    }

    func isEmpty(_ queue: QueueID) -> Bool {
        guard let record = queues[queue] else { return true }
        return shared?.port(record.port)?.receiveUsed ?? 0 == 0
    }

    /// What is wrong with an interface, as a clause; nil where it is as it was made.
    func fault(of interface: String, _ plan: InterfacePlan) -> String? {
        guard let record = programs[interface] else { return "its program is not attached" }
        guard let device = try? Device.find(plan.device) else { return "its device \(plan.device) is gone" }
        guard let index = try? record.program.deviceIndex() else { return "its program was detached" }
        if index != device.index { return "its device \(plan.device) is another one by now" }
        if !device.isUp { return "its device \(plan.device) is down" }
        for queue in queues.values where queue.queue.interface == interface && queue.isDelivered {
            if (try? record.program.holdsSocket(queue: queue.queue.queue)) != true {
                return "the socket of queue \(queue.queue) was taken out of its program"
            }
        }
        return nil
    }
}
