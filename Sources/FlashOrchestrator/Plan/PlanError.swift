// SPDX-License-Identifier: Apache-2.0

/// Why there is no plan that leads to a topology.
package enum PlanError: Error, Hashable, Sendable {
    case tooFewFrames(given: Int, needed: Int, rings: Int, ports: Int, queues: Int)
    /// `datapath: flash` without the kernel for it.
    case noFlashKernel
    /// It is there, and the daemon may not use it: why, as a clause.
    case flashKernelUnusable(String)
    /// The chain cannot go through sockets: why, as a clause.
    case flashUnfit(String)
    case tooManyQueues(Int, limit: Int)
    case deviceHeld(device: String, interface: String, byTopology: String)
    case deviceHeldTwice(device: String, interfaces: [String])
    case deviceMissing(device: String, interface: String)
    case queueMissing(device: String, queue: Int, count: Int)
    /// A device that the lab would make exists and is not ours.
    case deviceExists(device: String, host: String)
    case namespaceExists(namespace: String, host: String)
    case unknownProgram(nf: String, program: String)

    package var message: String {
        switch self {
        case .tooFewFrames(let given, let needed, let rings, let ports, let queues):
            "umem.frames is \(given), but \(ports > 0 ? count(ports, "port") : count(rings, "ring")) and "
                + "\(count(queues, "queue")) need at least \(needed)"
        case .noFlashKernel:
            "datapath: flash needs a FLASH kernel, and this one has no /sys/kernel/flash"
        case .flashKernelUnusable(let reason):
            "datapath: flash cannot be used: \(reason)"
        case .flashUnfit(let reason):
            "datapath: flash cannot carry this topology: \(reason)"
        case .tooManyQueues(let count, let limit):
            "it takes \(count) queues, and a topology can have \(limit)"
        case .deviceHeld(let device, let interface, let topology):
            "device \(device) of interface \(interface) is held by the running topology \(topology)"
        case .deviceHeldTwice(let device, let interfaces):
            "device \(device) is used by the interfaces \(interfaces.joined(separator: " and "))"
        case .deviceMissing(let device, let interface):
            "device \(device) of interface \(interface) does not exist"
        case .queueMissing(let device, let queue, let count):
            "device \(device) has \(self.count(count, "queue")), so there is no queue \(queue)"
        case .deviceExists(let device, let host):
            "device \(device), which the lab host \(host) would bring, exists and is not ours"
        case .namespaceExists(let namespace, let host):
            "namespace \(namespace), which the lab host \(host) would be, exists and is not ours"
        case .unknownProgram(let nf, let program):
            "nf \(nf) has the unknown program \(program)"
        }
    }

    package var help: String? {
        switch self {
        case .tooFewFrames(_, let needed, _, _, _): "write umem: { frames: \(needed) }, or leave it out"
        case .noFlashKernel: "write datapath: auto, or boot the kernel built from kernel/"
        case .flashKernelUnusable: "run the daemon as root of this machine, or write datapath: shared"
        case .flashUnfit: "write datapath: auto or datapath: shared"
        case .tooManyQueues: "write queues: N below the interfaces; what others receive goes to the kernel"
        case .deviceHeld(_, _, let topology): "use another device, or run: flash-orch down \(topology)"
        case .deviceHeldTwice: "give each device one interface with all its queues"
        case .deviceMissing: "ip link shows the devices of this machine; lab: makes one to try with"
        case .queueMissing: "ethtool -L DEVICE combined N changes the number of queues"
        case .deviceExists(let device, _): "give the interface another device, or run: ip link delete \(device)"
        case .namespaceExists(let namespace, _): "name the host differently, or run: ip netns delete \(namespace)"
        case .unknownProgram: "flash-orch nf lists the programs"
        }
    }

    private func count(_ number: Int, _ word: String) -> String {
        "\(number) \(word)\(number == 1 ? "" : "s")"
    }
}
