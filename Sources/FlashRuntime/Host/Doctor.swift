// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// What this machine can do. Nothing is left behind by looking.
package enum Doctor {
    /// All lines, in the order in which they are read. Without root, what needs it is a warning that says so.
    package static func examine() -> [DoctorLine] {
        let privileges = privileges()
        return [kernel(), cpus(), privileges, iproute(), memfd(), descriptorCopies(), seccomp()]
            + datapath(permitted: privileges.state == .ok) + [hugePages(), flashKernel()] + devices()
    }

    /// 5.11 is the first that can mark descriptors to be closed on exec; 5.9 brought XDP links, 5.6 pidfd_getfd.
    static func kernel() -> DoctorLine {
        let release = SystemFile.line("/proc/sys/kernel/osrelease") ?? "unknown"
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        guard numbers.count == 2 else { return DoctorLine("kernel", .warning, release) }
        if (numbers[0], numbers[1]) >= (5, 11) { return DoctorLine("kernel", .ok, "Linux \(release)") }
        return DoctorLine("kernel", .missing, "Linux \(release)", advice: "Linux 5.11 or later is needed")
    }

    static func cpus() -> DoctorLine {
        let count = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        if count > 1 { return DoctorLine("CPUs", .ok, "\(count) online") }
        return DoctorLine(
            "CPUs", .warning, "1 online", advice: "all NFs share one CPU: use wait: sleep or adaptive, not busy")
    }

    /// Capabilities of the daemon, by their numbers in linux/capability.h, and what each is for.
    private static let needed: [(number: Int, name: String, use: String)] = [
        (5, "CAP_KILL", "stop workers"), (6, "CAP_SETGID", "start workers as nobody"),
        (7, "CAP_SETUID", "start workers as nobody"), (8, "CAP_SETPCAP", "take privileges from workers"),
        (12, "CAP_NET_ADMIN", "attach XDP programs"), (13, "CAP_NET_RAW", "open AF_XDP sockets"),
        (14, "CAP_IPC_LOCK", "lock packet memory"), (19, "CAP_SYS_PTRACE", "take over workers"),
        (21, "CAP_SYS_ADMIN", "make network namespaces"), (39, "CAP_BPF", "load XDP programs"),
    ]

    static func privileges() -> DoctorLine {
        let line = (try? SystemFile.read("/proc/self/status"))?.split(separator: "\n")
            .first { $0.hasPrefix("CapEff:") }
        let set = line.flatMap { UInt64($0.split(whereSeparator: \.isWhitespace).last ?? "", radix: 16) } ?? 0
        return privileges(effective: set)
    }

    static func privileges(effective set: UInt64) -> DoctorLine {
        let missing = needed.filter { set >> UInt64($0.number) & 1 == 0 }
        if missing.isEmpty { return DoctorLine("privileges", .ok, "all \(needed.count) capabilities of the daemon") }
        return DoctorLine(
            "privileges", .missing, "no " + missing.map { "\($0.name) (\($0.use))" }.joined(separator: ", "),
            advice: geteuid() == 0
                ? "give the container or service these capabilities" : "run as root: sudo flash-orch ...")
    }

    static func iproute() -> DoctorLine {
        do {
            let version = try Command(["ip", "-V"]).run().split(separator: "\n").first.map(String.init) ?? "ip"
            return DoctorLine("iproute2", .ok, version)
        } catch {
            return DoctorLine("iproute2", .missing, "no ip command", advice: "apt-get install iproute2")
        }
    }

    static func memfd() -> DoctorLine {
        attempt("memory files", advice: "the kernel needs CONFIG_MEMFD_CREATE") { () throws(SystemError) in
            _ = try OwnedDescriptor.memory(name: "flash-doctor", size: 4096)
            return "memfd_create works"
        }
    }

    static func descriptorCopies() -> DoctorLine {
        attempt("takeover", advice: "allow pidfd_getfd in the container's system-call filter") {
            () throws(SystemError) in
            let event = try OwnedDescriptor.event()
            _ = try ProcessHandle.open(identifier: getpid()).copyDescriptor(event.rawValue)
            return "pidfd_getfd works"
        }
    }

    static func seccomp() -> DoctorLine {
        let actions = SystemFile.line("/proc/sys/kernel/seccomp/actions_avail") ?? ""
        if actions.split(separator: " ").contains("kill_process") {
            return DoctorLine("seccomp", .ok, "system-call filters work")
        }
        return DoctorLine(
            "seccomp", .missing, "no system-call filters", advice: "the kernel needs CONFIG_SECCOMP_FILTER")
    }

    static func hugePages() -> DoctorLine {
        let size = 2 << 20
        do throws(SystemError) {
            let file = try OwnedDescriptor.memory(name: "flash-doctor", size: size)
            var address: UnsafeMutableRawPointer?
            try SystemError.check("mmap", flash_map_aligned(file.rawValue, size, &address))
            defer { flash_unmap(address, size) }
            try SystemError.check("madvise MADV_COLLAPSE", flash_collapse(address, size))
            return DoctorLine("huge pages", .ok, "packet memory gets pages of 2 MiB")
        } catch {
            return DoctorLine(
                "huge pages", .warning, "\(error)",
                advice: "packets move somewhat slower; Linux 6.1 with CONFIG_TRANSPARENT_HUGEPAGE has them")
        }
    }

    /// - Parameters:
    ///   - installed: the release that kernel/install.sh installed last; nil: none.
    ///   - running: as `uname -r` says it.
    static func flashKernel(
        _ support: FlashKernel.Support = FlashKernel.support(),
        installed: String? = SystemFile.line("/var/lib/flash-orch/kernel/release"),
        running: String? = SystemFile.line("/proc/sys/kernel/osrelease")
    ) -> DoctorLine {
        let name = "FLASH kernel"
        switch (support, installed) {
        case (.usable, _): return DoctorLine(name, .ok, "\(FlashKernel.folder): datapath auto is flash")
        case (.unusable(let reason), _):
            return DoctorLine(
                name, .warning, reason,
                advice: "run as root of the machine to use datapath flash; datapath auto is shared without")
        case (.absent, nil): return DoctorLine(name, .ok, "none: datapath auto is shared")
        case (.absent, let installed?) where installed == running:
            return DoctorLine(
                name, .warning, "\(installed) runs, and \(FlashKernel.folder) is not there",
                advice: "mount sysfs on /sys; datapath auto is shared without")
        case (.absent, let installed?):
            return DoctorLine(
                name, .warning, "\(installed) is installed, and \(running ?? "another kernel") runs",
                advice: "reboot, and choose \(installed) in the boot menu; datapath auto is shared until then")
        }
    }

    /// One line a device that could be an interface.
    static func devices() -> [DoctorLine] {
        Device.names().filter { $0 != "lo" }.compactMap { name in
            guard let device = try? Device.find(name) else { return nil }
            let program = (try? XDPProgram.identifier(on: device)) ?? nil
            var facts = [
                device.driver.isEmpty ? "unknown driver" : device.driver,
                "\(device.rxQueues) RX and \(device.txQueues) TX queues", "mtu \(device.mtu)",
                device.isUp ? (device.hasCarrier ? "up" : "up, no carrier") : "down",
            ]
            if let program { facts.append("XDP program \(program)") }
            return DoctorLine("device \(name)", .ok, facts.joined(separator: ", "))
        }
    }

    static func attempt(
        _ name: String, advice: String, _ body: () throws(SystemError) -> String
    ) -> DoctorLine {
        do {
            return DoctorLine(name, .ok, try body())
        } catch {
            return DoctorLine(name, .missing, "\(error)", advice: advice)
        }
    }
}
