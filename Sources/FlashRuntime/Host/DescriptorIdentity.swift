// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What a descriptor is open on: `socket 8:4711`, `file 1:52` (device and inode), `event 7`, `link 12` (the kernel's numbers of
/// eventfds and BPF links). All descriptors of one socket have the same, in whatever process and under whatever number.
///
/// It is what the kernel says: stat(2) of `/proc/PID/fd/NUMBER`, and `eventfd-id` or `link_id` in `/proc/PID/fdinfo/NUMBER`
/// (proc_pid_fdinfo(5)). The number of an eventfd may be another's once nobody has the first one open.
package struct DescriptorIdentity: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package var description: String { rawValue }

    /// nil where the process (a number, or `self`) has no such descriptor, or one of another kind.
    static func read(_ number: Int32, of process: String) -> DescriptorIdentity? {
        var status = stat()
        guard stat("/proc/\(process)/fd/\(number)", &status) == 0 else { return nil }
        let place = "\(status.st_dev):\(status.st_ino)"
        if status.st_mode & S_IFMT == S_IFSOCK { return DescriptorIdentity(rawValue: "socket \(place)") }
        // Events and links share an inode, and have a number in a line of their own instead.
        let lines = ((try? SystemFile.read("/proc/\(process)/fdinfo/\(number)")) ?? "").split(separator: "\n")
        for (kind, label) in [("event", "eventfd-id:"), ("link", "link_id:")] {
            guard let line = lines.first(where: { $0.hasPrefix(label) }),
                let value = Int(line.dropFirst(label.count).filter { !$0.isWhitespace })
            else { continue }
            return DescriptorIdentity(rawValue: "\(kind) \(value)")
        }
        return status.st_mode & S_IFMT == S_IFREG ? DescriptorIdentity(rawValue: "file \(place)") : nil
    }
}
