// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

extension Doctor {
    /// Tries namespaces, XDP and AF_XDP on a veth pair of its own.
    static func datapath(permitted: Bool) -> [DoctorLine] {
        let names = ["lab", "native XDP", "generic XDP", "AF_XDP"]
        guard permitted else {
            return names.map { DoctorLine($0, .warning, "not tried", advice: "run as root to try it") }
        }
        // Of this process only: two doctors do not meet.
        let host = Lab.Host(
            namespace: "flash-doctor-\(getpid())", device: "fldoc\(getpid())", addresses: ["192.0.2.1/30"])
        do {
            try Lab.create([host])
        } catch {
            let lab = DoctorLine(
                names[0], .warning, "\(error)", advice: "lab: needs CONFIG_NET_NS and CONFIG_VETH; a NIC works without")
            return [lab] + names.dropFirst().map { DoctorLine($0, .warning, "not tried without a veth pair") }
        }
        defer { _ = try? Lab.remove([host]) }
        return [DoctorLine(names[0], .ok, "network namespaces and veth pairs work")] + [
            program(names[1], mode: .native, device: host.device),
            program(names[2], mode: .generic, device: host.device), socket(names[3], device: host.device),
        ]
    }

    private static func program(_ name: String, mode: XDPProgram.Mode, device: String) -> DoctorLine {
        attempt(name, advice: "the kernel needs CONFIG_BPF_SYSCALL and CONFIG_XDP_SOCKETS") { () throws(SystemError) in
            let program = try XDPProgram.attach(to: try Device.find(device), mode: mode)
            try program.detach()
            return "the program loads and attaches to veth"
        }
    }

    private static func socket(_ name: String, device: String) -> DoctorLine {
        attempt(name, advice: "the kernel needs CONFIG_XDP_SOCKETS") { () throws(SystemError) in
            let size = 64 * 2048
            let file = try OwnedDescriptor.memory(name: "flash-doctor", size: size)
            var address: UnsafeMutableRawPointer?
            try SystemError.check("mmap", flash_map_aligned(file.rawValue, size, &address))
            defer { flash_unmap(address, size) }
            guard let address else { throw SystemError(call: "mmap", code: ENOMEM) }
            let device = try Device.find(device)
            let sizes = XDPSocket.Sizes(rx: 64, tx: 64, fill: 64, completion: 64)
            let socket = try XDPSocket.open(
                device: device, queue: 0, memory: .register(address, size: size, frameSize: 2048), sizes: sizes)
            return socket.isZeroCopy ? "sockets bind to veth" : "sockets bind to veth, with copies"
        }
    }
}
