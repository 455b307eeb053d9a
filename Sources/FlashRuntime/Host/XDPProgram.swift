// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// The XDP program on a device: packets of a queue go to the queue's socket, or to the stack where it has none.
///
/// The link's descriptor keeps all: as long as any process has a copy of it, the device has the program, and the
/// program its maps.
package struct XDPProgram: ~Copyable, Sendable {
    package enum Mode: Hashable, Codable, Sendable {
        /// In the driver, before the kernel makes an sk_buff.
        case native
        /// In the stack, on any device.
        case generic
    }

    /// Packets and bytes of a queue so far, by what the program did with them.
    package struct Counters: Hashable, Codable, Sendable {
        /// To the queue's socket. What that had no room for is in its `XDPStatistics`.
        package var redirected: UInt64
        /// To the stack.
        package var passed: UInt64
        package var redirectedBytes: UInt64
        package var passedBytes: UInt64

        package init(
            redirected: UInt64 = 0, passed: UInt64 = 0, redirectedBytes: UInt64 = 0, passedBytes: UInt64 = 0
        ) {
            self.redirected = redirected
            self.passed = passed
            self.redirectedBytes = redirectedBytes
            self.passedBytes = passedBytes
        }
    }

    package let link: OwnedDescriptor
    private let sockets: OwnedDescriptor
    private let counters: OwnedDescriptor

    private init(link: consuming OwnedDescriptor, sockets: Int32, counters: Int32) {
        self.link = link
        self.sockets = OwnedDescriptor(taking: sockets)
        self.counters = OwnedDescriptor(taking: counters)
    }

    /// The program that this version brings, as an ELF object.
    package static var object: [UInt8] { PackageResources.queue_bpf_o }

    /// Loads a program and attaches it. EBUSY where the device has one already.
    package static func attach(
        to device: Device, mode: Mode, object: [UInt8] = object
    ) throws(SystemError) -> XDPProgram {
        var program = flash_xdp_program()
        var failedCall: UnsafePointer<CChar>?
        var log = [CChar](repeating: 0, count: 4096)
        let result = flash_xdp_attach(
            object, object.count, device.index, mode == .generic ? 1 : 0, &program, &failedCall, &log, log.count)
        if result < 0 {
            let call = failedCall.map { String(cString: $0) } ?? "bpf"
            let said = String(decoding: log.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw SystemError(
                call: call, code: 0 &- result,
                context: context(call: call, code: 0 &- result, device: device, mode: mode, said: said))
        }
        return XDPProgram(
            link: OwnedDescriptor(taking: program.link), sockets: program.sockets, counters: program.counters)
    }

    /// Takes over a link; its maps are found by it, whatever version of the program it holds. EINVAL where it is no link of
    /// an XDP program, ENOENT where that program leads to no sockets.
    package static func adopt(link: consuming OwnedDescriptor) throws(SystemError) -> XDPProgram {
        var sockets: Int32 = -1
        var counters: Int32 = -1
        try SystemError.check("bpf", flash_xdp_maps(link.rawValue, &sockets, &counters), context: "XDP link")
        return XDPProgram(link: link, sockets: sockets, counters: counters)
    }

    /// Number of the program that a device has, ours or another's; nil where it has none. As `ip link show` says it.
    package static func identifier(on device: Device) throws(SystemError) -> Int? {
        let identifier = try SystemError.check(
            "bpf_xdp_query_id", flash_xdp_program_on(device.index), context: device.name)
        return identifier == 0 ? nil : Int(identifier)
    }

    /// Index of the device that has the program; nil once that has gone.
    package func deviceIndex() throws(SystemError) -> UInt32? {
        let index = try SystemError.check("bpf_obj_get_info_by_fd", flash_xdp_link_device(link.rawValue))
        return index == 0 ? nil : UInt32(index)
    }

    /// Gives the packets of a queue to a socket that is bound to it. The map does not keep the socket open.
    package func setSocket(queue: Int, socket: Int32) throws(SystemError) {
        try SystemError.check(
            "bpf_map_update_elem", flash_xdp_set_socket(sockets.rawValue, UInt32(clamping: queue), socket),
            context: "socket of queue \(queue)")
    }

    /// Lets the packets of a queue pass to the stack.
    package func clearSocket(queue: Int) throws(SystemError) {
        try SystemError.check(
            "bpf_map_delete_elem", flash_xdp_clear_socket(sockets.rawValue, UInt32(clamping: queue)),
            context: "socket of queue \(queue)")
    }

    /// Whether a socket that is bound to this queue gets its packets, read back from the kernel.
    package func holdsSocket(queue: Int) throws(SystemError) -> Bool {
        try SystemError.check(
            "bpf_prog_test_run", flash_xdp_holds_socket(sockets.rawValue, UInt32(clamping: queue)),
            context: "socket of queue \(queue)") == 1
    }

    /// Packets of a queue since the program was attached.
    package func counters(queue: Int) throws(SystemError) -> Counters {
        var sum = flash_xdp_counters()
        try SystemError.check(
            "bpf_map_lookup_elem", flash_xdp_read_counters(counters.rawValue, UInt32(clamping: queue), &sum),
            context: "counters of queue \(queue)")
        return Counters(
            redirected: sum.redirected, passed: sum.passed, redirectedBytes: sum.redirected_bytes,
            passedBytes: sum.passed_bytes)
    }

    /// Takes the program off its device, whoever else has a copy of the link.
    package func detach() throws(SystemError) {
        let result = flash_xdp_detach(link.rawValue)
        // The device has gone, and the program with it.
        if result == -ENOLINK { return }
        try SystemError.check("bpf_link_detach", result)
    }

    private static func context(call: String, code: Int32, device: Device, mode: Mode, said: String) -> String {
        guard call == "bpf_link_create" else {
            let line = said.split(separator: "\n").first.map { ": \($0)" } ?? ""
            return device.name + line
        }
        switch code {
        case EBUSY, EEXIST:
            return "\(device.name) has an XDP program already: see `ip link show dev \(device.name)`, `bpftool net`"
        case EOPNOTSUPP where mode == .native:
            return "driver \(device.driver) of \(device.name) has no native XDP; mode: generic works on any device"
        case ERANGE:
            return "the MTU of \(device.name) or of its peer is too large for native XDP: at most about 3,500 bytes"
        case EPERM: return "\(device.name): needs CAP_NET_ADMIN and CAP_BPF"
        default: return device.name
        }
    }
}
