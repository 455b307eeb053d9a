// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// What the FLASH kernel shows of its sockets and lets be written: which socket sends to which others.
package enum FlashKernel {
    package enum Support: Hashable, Codable, Sendable {
        case usable
        case absent
        /// It is there, and this process may not use it: why, as a clause.
        case unusable(String)
    }

    package static let folder = "/sys/kernel/flash"

    package static func path(of identifier: Int) -> String { "\(folder)/\(identifier)/next" }

    /// Sockets that one socket can send to.
    package static let outletLimit = 128

    /// - Parameter sysfs: where sysfs is mounted.
    package static func support(sysfs: String = "/sys") -> Support {
        let folder = "\(sysfs)/kernel/flash"
        guard SystemFile.exists(folder) else { return .absent }
        if access("\(folder)/tx_tracking", W_OK) == 0 { return .usable }
        return .unusable("\(folder) cannot be written: \(String(cString: strerror(errno)))")
    }

    /// The flash-id of a bound socket: what the kernel says of the socket, else what it shows of this process's sockets.
    package static func identifier(of socket: Int32, device: Device, queue: Int) throws(SystemError) -> Int {
        var identifier: UInt32 = 0
        if flash_xdp_socket_identifier(socket, &identifier) == 0 { return Int(identifier) }
        return try shownIdentifier(device: device, queue: queue)
    }

    /// The flash-id of this process's only socket on a queue, as the kernel shows it.
    static func shownIdentifier(device: Device, queue: Int) throws(SystemError) -> Int {
        let wanted = [String(getpid()), String(device.index), String(queue)]
        let found = SystemFile.names(in: folder).filter { name in
            Int(name) != nil && ["pid", "ifindex", "qid"].map { SystemFile.line("\(folder)/\(name)/\($0)") } == wanted
        }
        guard found.count == 1, let name = found.first, let number = Int(name) else {
            throw SystemError(
                call: "flash-id", code: ENOENT,
                context: "\(folder) shows \(found.count) sockets on queue \(queue) of \(device.name)")
        }
        return number
    }

    /// The sockets that a socket sends to, by index; empty: to its device.
    package static func next(of identifier: Int) throws(SystemError) -> [Int] {
        let path = path(of: identifier)
        guard let rule = parse(try SystemFile.read(path)) else {
            throw SystemError(call: "read", code: EPROTO, context: path)
        }
        return rule
    }

    /// Writes what a socket sends to, in one write, and reads it back. Packets that it has not sent yet go the new way.
    package static func setNext(_ rule: [Int], of identifier: Int) throws(SystemError) {
        let path = path(of: identifier)
        let text = format(rule)
        do throws(SystemError) {
            try SystemFile.write(text, to: path)
        } catch {
            throw SystemError(
                call: error.call, code: error.code, context: "\(text) to \(path): \(reason(error.code, rule))")
        }
        let found = try next(of: identifier)
        guard found == rule else {
            throw SystemError(
                call: "read", code: EIO, context: "\(path) says \(format(found)) after \(text) was written")
        }
    }

    /// What the kernel counted for a socket, by the names of its files (Documentation/networking/af_xdp_flash.rst).
    package static func statistics(of identifier: Int) -> [String: UInt64] {
        let folder = "\(folder)/\(identifier)/statistics"
        var result: [String: UInt64] = [:]
        for name in SystemFile.names(in: folder) {
            result[name] = SystemFile.line("\(folder)/\(name)").flatMap { UInt64($0) }
        }
        return result
    }

    /// What is written to `next`.
    package static func format(_ rule: [Int]) -> String {
        rule.isEmpty ? "-1" : rule.map(String.init).joined(separator: " ")
    }

    /// What is read from `next`: `-1`, or a heading and a line `index flash_id` for each socket. nil: neither of them.
    static func parse(_ text: String) -> [Int]? {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ") }
        if lines == [["-1"]] { return [] }
        guard lines.first == ["index", "flash_id"] else { return nil }
        var rule: [Int] = []
        for words in lines.dropFirst() {
            guard words.count == 2, Int(words[0]) == rule.count, let target = Int(words[1]) else { return nil }
            rule.append(target)
        }
        return rule
    }

    /// What the kernel means by refusing a rule.
    static func reason(_ code: Int32, _ rule: [Int]) -> String {
        switch code {
        case EINVAL: "one of these sockets is closed, has no RX ring, or is the sender itself"
        case EPERM, EACCES: "it takes CAP_NET_ADMIN over the network namespaces of all these sockets"
        case E2BIG: "\(rule.count) sockets, where a rule has at most \(outletLimit)"
        case ENODEV: "the device of one of these sockets is gone"
        case ENOENT: "the socket is closed, or /sys was mounted in another network namespace"
        case EROFS: "it is mounted read-only"
        default: "the kernel refused the rule"
        }
    }
}
