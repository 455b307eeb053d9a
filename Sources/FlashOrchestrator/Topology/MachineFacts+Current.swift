// SPDX-License-Identifier: Apache-2.0

internal import Glibc

extension MachineFacts {
    /// The facts of this machine, from /sys; needs no privilege. `holds` are known to the daemon alone.
    ///
    /// - Parameter root: where sysfs is mounted.
    package static func current(sysfs root: String = "/sys") -> MachineFacts {
        MachineFacts(
            cpus: contents(of: "\(root)/devices/system/cpu/online").flatMap(parseList),
            devices: devices(below: "\(root)/class/net"),
            hasFlashKernel: access("\(root)/kernel/flash", F_OK) == 0
        )
    }

    /// The kernel's list format: `0-3,8`. nil where the text is none.
    package static func parseList(_ text: String) -> [Int]? {
        let end = text.unicodeScalars.firstIndex { $0 == "\n" || $0 == "\0" } ?? text.endIndex
        var numbers: [Int] = []
        for part in text[..<end].split(separator: ",", omittingEmptySubsequences: false) {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, bounds.count <= 2, first <= last,
                first >= 0, last < TopologySchema.cpuLimit
            else { return nil }
            numbers.append(contentsOf: first...last)
        }
        return numbers
    }

    private static func devices(below folder: String) -> [String: Device]? {
        guard let names = entries(of: folder) else { return nil }
        var devices: [String: Device] = [:]
        for name in names {
            // `bonding_masters` lies there too, and has no queues.
            guard let queues = entries(of: "\(folder)/\(name)/queues") else { continue }
            // A kernel without CONFIG_RPS lists no RX queue.
            devices[name] = Device(receiveQueues: max(1, queues.count { $0.hasPrefix("rx-") }))
        }
        return devices
    }

    private static func entries(of folder: String) -> [String]? {
        guard let stream = opendir(folder) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// A file of sysfs, at most a page long.
    private static func contents(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            guard count >= 0 else { return nil }
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }
}
