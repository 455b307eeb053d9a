// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import Testing

@Suite(.serialized) struct HostXDPTests {
    private static func lab(_ name: String, queues: Int = 1) throws -> TestLab {
        try TestLab([
            Lab.Host(namespace: "flh-\(name)", device: "flh\(name)", addresses: ["10.77.0.1/24"], queues: queues)
        ])
    }

    @Test(arguments: [XDPProgram.Mode.native, .generic])
    func packetsComeInAndGoOut(mode: XDPProgram.Mode) throws {
        let lab = try Self.lab("io")
        let device = try Device.find("flhio")
        let memory = try TestMemory()
        let program = try XDPProgram.attach(to: device, mode: mode)
        let socket = try XDPSocket.open(device: device, queue: 0, memory: memory.registration)
        let zeroCopy = socket.isZeroCopy
        #expect(!zeroCopy)
        let hand = try HandSocket(socket, memory: memory)
        let before = try program.holdsSocket(queue: 0)
        try program.setSocket(queue: 0, socket: hand.descriptor)
        let after = try program.holdsSocket(queue: 0)
        #expect(!before && after)

        let host = try PacketSocket(namespace: lab.hosts[0].namespace)
        try host.send(PacketSocket.frame(mark: 1))
        let received = try #require(try hand.receive())
        #expect(memory.bytes(received) == PacketSocket.frame(mark: 1))
        memory.address.storeBytes(of: 2, toByteOffset: Int(received.address) + 20, as: UInt8.self)
        try hand.send(received)
        var answer = PacketSocket.frame(mark: 1)
        answer[20] = 2
        let back = try host.receive()
        #expect(back == answer)
        #expect(hand.completed == 1)
        let counters = try program.counters(queue: 0)
        #expect(counters == XDPProgram.Counters(redirected: 1, redirectedBytes: 60))
        #expect(try XDPSocket.statistics(hand.descriptor).rxDropped == 0)
    }

    @Test func withoutASocketPacketsPassToTheStack() throws {
        let lab = try Self.lab("ps")
        let device = try Device.find("flhps")
        let program = try XDPProgram.attach(to: device, mode: .native)
        let memory = try TestMemory()
        let hand = try HandSocket(
            try XDPSocket.open(device: device, queue: 0, memory: memory.registration), memory: memory)
        let host = try PacketSocket(namespace: lab.hosts[0].namespace)
        try host.send(PacketSocket.frame(mark: 1))
        try program.setSocket(queue: 0, socket: hand.descriptor)
        try host.send(PacketSocket.frame(mark: 2))
        #expect(try hand.receive() != nil)
        try program.clearSocket(queue: 0)
        let holds = try program.holdsSocket(queue: 0)
        #expect(!holds)
        try host.send(PacketSocket.frame(mark: 3))
        let counters = try program.counters(queue: 0)
        #expect(counters == XDPProgram.Counters(redirected: 1, passed: 2, redirectedBytes: 60, passedBytes: 120))
        // Cleared twice is cleared.
        try program.clearSocket(queue: 0)
    }

    @Test func memoryIsSharedByQueuesAndDevices() throws {
        let lab = try TestLab([
            Lab.Host(namespace: "flh-sa", device: "flhsa", addresses: ["10.77.1.1/24"], queues: 2),
            Lab.Host(namespace: "flh-sb", device: "flhsb", addresses: ["10.77.1.2/24"]),
        ])
        let (left, right) = (try Device.find("flhsa"), try Device.find("flhsb"))
        #expect(left.rxQueues == 2 && left.txQueues == 2)
        let memory = try TestMemory()
        let first = try XDPSocket.open(device: left, queue: 0, memory: memory.registration)
        let firstDescriptor = first.descriptor.rawValue
        let second = try XDPSocket.open(device: left, queue: 1, memory: .share(with: firstDescriptor))
        let third = try XDPSocket.open(device: right, queue: 0, memory: .share(with: firstDescriptor))
        let fromQueue1 = try HandSocket(second, memory: memory, firstFrame: 64)
        let toRight = try HandSocket(third, memory: memory, firstFrame: 128)
        let fromQueue0 = try HandSocket(first, memory: memory, firstFrame: 0)
        let program = try XDPProgram.attach(to: left, mode: .native)
        try program.setSocket(queue: 0, socket: fromQueue0.descriptor)
        try program.setSocket(queue: 1, socket: fromQueue1.descriptor)

        // Whichever queue the sender took: the frame that came in there goes out of the other device without a copy.
        let sender = try PacketSocket(namespace: "flh-sa")
        let receiver = try PacketSocket(namespace: "flh-sb")
        try sender.send(PacketSocket.frame(mark: 9))
        var entries = [fromQueue0, fromQueue1].map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        try #require(poll(&entries, 2, 1000) == 1)
        let hand = entries[0].revents != 0 ? fromQueue0 : fromQueue1
        let received = try #require(try hand.receive())
        try toRight.send(received)
        let arrived = try receiver.receive()
        #expect(arrived == PacketSocket.frame(mark: 9))
        #expect(lab.hosts.count == 2)
    }

    @Test func sameMemoryIsRegisteredByIndependentSockets() throws {
        let lab = try Self.lab("rg", queues: 2)
        let device = try Device.find(lab.hosts[0].device)
        let memory = try TestMemory()
        let second: XDPSocket
        do {
            let first = try XDPSocket.open(device: device, queue: 0, memory: memory.registration)
            let opened = try XDPSocket.open(device: device, queue: 1, memory: memory.registration)
            second = opened
            #expect(first.descriptor.rawValue >= 0)
        }
        let hand = try HandSocket(second, memory: memory)
        let program = try XDPProgram.attach(to: device, mode: .native)
        try program.setSocket(queue: 1, socket: hand.descriptor)
        let holds = try program.holdsSocket(queue: 1)
        #expect(holds)
    }

    @Test func errorsSayWhatIsWrong() throws {
        let lab = try Self.lab("er")
        let device = try Device.find("flher")
        let memory = try TestMemory()
        func failure(_ body: () throws -> Void) -> SystemError? {
            do {
                try body()
                return nil
            } catch {
                return error as? SystemError
            }
        }
        let high = failure { _ = try XDPSocket.open(device: device, queue: 7, memory: memory.registration) }
        #expect(high == SystemError(call: "bind", code: EINVAL, context: "flher queue 7: the device has queues 0 to 0"))
        let copy = failure {
            _ = try XDPSocket.open(device: device, queue: 0, memory: memory.registration, zeroCopy: .required)
        }
        #expect(
            copy
                == SystemError(call: "bind", code: EOPNOTSUPP, context: "flher queue 0: driver veth has no zero copy"))
        let missing = failure { _ = try Device.find("flhnone") }
        #expect(missing == SystemError(call: "ioctl", code: ENODEV, context: "flhnone"))
        let program = try XDPProgram.attach(to: device, mode: .native)
        let busy = failure { _ = try XDPProgram.attach(to: device, mode: .native) }
        #expect(busy?.code == EBUSY)
        #expect(busy?.context?.contains("`ip link show dev flher`") == true)
        let queue = failure { try program.setSocket(queue: 4000, socket: 0) }
        #expect(queue?.code == ENOTSOCK || queue?.code == E2BIG)
        #expect(lab.hosts[0].queues == 1)
    }

    @Test func aQueueThatWasJustLeftIsTakenAgain() throws {
        let lab = try Self.lab("bs")
        let device = try Device.find(lab.hosts[0].device)
        let memory = try TestMemory()
        for _ in 0..<3 {
            let socket = try XDPSocket.open(device: device, queue: 0, memory: memory.registration)
            #expect(socket.rings.receive.size == 2048)
        }
        let held = try XDPSocket.open(device: device, queue: 0, memory: memory.registration)
        #expect {
            _ = try XDPSocket.open(device: device, queue: 0, memory: memory.registration)
        } throws: { ($0 as? SystemError)?.code == EBUSY }
        #expect(held.rings.fill.size == 2048)
    }

    @Test func theLinkAloneKeepsProgramAndMaps() throws {
        let lab = try Self.lab("ln")
        let device = try Device.find(lab.hosts[0].device)
        let memory = try TestMemory()
        let hand = try HandSocket(
            try XDPSocket.open(device: device, queue: 0, memory: memory.registration), memory: memory)
        let link: OwnedDescriptor
        do {
            let program = try XDPProgram.attach(to: device, mode: .native)
            try program.setSocket(queue: 0, socket: hand.descriptor)
            let copy = try program.link.duplicate()
            let identities = [program.link.identity, copy.identity]
            #expect(identities[0]?.rawValue.hasPrefix("link ") == true && identities[0] == identities[1])
            link = copy
        }
        let attached = try XDPProgram.identifier(on: device)
        #expect(attached != nil)
        let host = try PacketSocket(namespace: lab.hosts[0].namespace)
        try host.send(PacketSocket.frame(mark: 4))
        #expect(try hand.receive() != nil)
        // The next daemon finds the maps by the link.
        let program = try XDPProgram.adopt(link: link)
        let holds = try program.holdsSocket(queue: 0)
        let counters = try program.counters(queue: 0)
        let index = try program.deviceIndex()
        #expect(holds)
        #expect(counters.redirected == 1)
        #expect(index == device.index)
        try program.detach()
        let left = try XDPProgram.identifier(on: device)
        #expect(left == nil)
    }

    @Test func theLastQueueThatATopologyCanNameHasASocket() throws {
        let queue = TopologySchema.queueLimit - 1
        let lab = try Self.lab("hq", queues: TopologySchema.queueLimit)
        let device = try Device.find(lab.hosts[0].device)
        let memory = try TestMemory()
        let hand = try HandSocket(
            try XDPSocket.open(device: device, queue: queue, memory: memory.registration), memory: memory)
        let program = try XDPProgram.attach(to: device, mode: .native)
        try program.setSocket(queue: queue, socket: hand.descriptor)
        let holds = try program.holdsSocket(queue: queue)
        #expect(holds)
        #expect(try program.counters(queue: queue) == XDPProgram.Counters())
    }

    /// A daemon that is newer than the program, or older: what it needs is an XSKMAP, what counters it finds it reads.
    @Test(arguments: ["__u64 a;", "__u64 a, b, c, d, e, f;", ""])
    func aProgramOfAnotherVersionIsTakenOver(counters: String) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/flash-bpf-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let count = counters.isEmpty ? "" : "struct v *v = bpf_map_lookup_elem(&counters, &queue); if (v) v->a++;"
        let map = """
            struct v { \(counters) };
            struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 4); __type(key, __u32);
                     __type(value, struct v); } counters SEC(".maps");
            """
        try """
        #include <linux/bpf.h>
        #include <bpf/bpf_helpers.h>
        struct { __uint(type, BPF_MAP_TYPE_XSKMAP); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32);
        } sockets SEC(".maps");
        \(counters.isEmpty ? "" : map)
        SEC("xdp") int flash_queue(struct xdp_md *context)
        {
            __u32 queue = context->rx_queue_index;
            \(count)
            return bpf_redirect_map(&sockets, queue, XDP_PASS);
        }
        """.write(toFile: folder + "/other.bpf.c", atomically: false, encoding: .utf8)
        try await run([
            "make", "-C", Programs.sources, "bpf", "BPF_SOURCE=\(folder)/other.bpf.c",
            "BPF_OBJECT=\(folder)/other.bpf.o",
        ]).expecting()
        let object = [UInt8](try Data(contentsOf: URL(filePath: folder + "/other.bpf.o")))

        let lab = try Self.lab("ov")
        let device = try Device.find(lab.hosts[0].device)
        let memory = try TestMemory()
        let hand = try HandSocket(
            try XDPSocket.open(device: device, queue: 0, memory: memory.registration), memory: memory)
        let link: OwnedDescriptor
        do {
            let program = try XDPProgram.attach(to: device, mode: .native, object: object)
            let copy = try program.link.duplicate()
            link = copy
        }
        let program = try XDPProgram.adopt(link: link)
        try program.setSocket(queue: 0, socket: hand.descriptor)
        let host = try PacketSocket(namespace: lab.hosts[0].namespace)
        try host.send(PacketSocket.frame(mark: 4))
        #expect(try hand.receive() != nil)
        let counted = try program.counters(queue: 0)
        #expect(counted == XDPProgram.Counters(redirected: counters.isEmpty ? 0 : 1))
    }

    @Test func aLinkOutlivesItsDevice() throws {
        let program: XDPProgram
        do {
            let lab = try Self.lab("dv")
            let attached = try XDPProgram.attach(to: try Device.find(lab.hosts[0].device), mode: .native)
            program = attached
        }
        let index = try program.deviceIndex()
        #expect(index == nil)
        try program.detach()
    }

    @Test func whatIsNoLinkIsNotAdopted() throws {
        let file = try OwnedDescriptor.event()
        #expect(throws: SystemError.self) { _ = try XDPProgram.adopt(link: try file.duplicate()) }
    }
}
