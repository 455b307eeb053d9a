// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// A process, held by a pidfd: it stays the same process when its number is used again.
package struct ProcessHandle: ~Copyable, Sendable {
    package let identifier: Int32
    /// Clock ticks from the machine's start to the process's; with `identifier` it names a process for good.
    package let startTime: UInt64
    private let handle: OwnedDescriptor

    init(identifier: Int32, handle: consuming OwnedDescriptor) throws(SystemError) {
        self.identifier = identifier
        self.startTime = try ProcessStatistics.read(identifier).startTime
        self.handle = handle
    }

    /// Finds a process again. ESRCH where it has gone, or where another one has its number by now.
    package static func open(identifier: Int32, startTime: UInt64? = nil) throws(SystemError) -> ProcessHandle {
        let handle = OwnedDescriptor(
            taking: try SystemError.check(
                "pidfd_open", flash_process_open(identifier), context: "process \(identifier)"))
        // Read after the pidfd is there: what is read is of the process that the pidfd holds.
        let found = try ProcessHandle(identifier: identifier, handle: handle)
        guard startTime == nil || startTime == found.startTime else {
            throw SystemError(call: "pidfd_open", code: ESRCH, context: "process \(identifier) is another one by now")
        }
        return found
    }

    /// The pidfd, for `poll`: readable once the process has exited.
    package var descriptor: Int32 { handle.rawValue }

    /// False from the moment of its exit, also while nobody has taken its status.
    package var isAlive: Bool { flash_process_wait(handle.rawValue, 0) == 0 }

    /// A copy of one of the process's descriptors. EBADF where it has none of that number.
    package func copyDescriptor(_ number: Int32) throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(
            taking: try SystemError.check(
                "pidfd_getfd", flash_process_descriptor(handle.rawValue, number),
                context: "descriptor \(number) of process \(identifier)"))
    }

    /// Its descriptors by what they are open on, as they are now, one of each. What has a number may be another file by the time it
    /// is copied.
    package func descriptors() -> [DescriptorIdentity: Int32] {
        var numbers: [DescriptorIdentity: Int32] = [:]
        for number in SystemFile.names(in: "/proc/\(identifier)/fd").compactMap({ Int32($0) }) {
            guard let identity = DescriptorIdentity.read(number, of: "\(identifier)") else { continue }
            numbers[identity] = number
        }
        return numbers
    }

    /// Sends a signal; false where the process has exited.
    @discardableResult
    package func signal(_ number: Int32) throws(SystemError) -> Bool {
        // The kernel lets a signal be sent to a process that has exited, until its status is taken.
        guard isAlive else { return false }
        let result = flash_process_signal(handle.rawValue, number)
        if result == -ESRCH { return false }
        try SystemError.check("pidfd_send_signal", result, context: "process \(identifier)")
        return true
    }

    /// Waits until the process has exited, at most `milliseconds` (nil: for ever). True once it has.
    package func waitForExit(milliseconds: Int32?) throws(SystemError) -> Bool {
        try SystemError.check("poll", flash_process_wait(handle.rawValue, milliseconds ?? -1)) == 1
    }

    /// Ends it at once, and waits for that, at most `milliseconds` (nil: for ever).
    package func end(milliseconds: Int32? = nil) {
        _ = try? signal(SIGKILL)
        _ = try? waitForExit(milliseconds: milliseconds)
    }

    /// How the process ended; nil while it runs. Takes the status of a child from the kernel, once.
    package func exitStatus() throws(SystemError) -> ProcessExit? {
        var signalled: Int32 = 0
        var status: Int32 = 0
        let result = flash_process_reap(handle.rawValue, &signalled, &status)
        if result == -ECHILD { return isAlive ? nil : .unknown }
        guard try SystemError.check("waitid", result, context: "process \(identifier)") == 1 else { return nil }
        return signalled != 0 ? .signalled(status) : .exited(status)
    }

    /// CPU time and memory so far.
    package func statistics() throws(SystemError) -> ProcessStatistics {
        try ProcessStatistics.read(identifier)
    }
}

/// How a process ended.
package enum ProcessExit: Hashable, Codable, Sendable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)
    /// It is not our child (its daemon died before it), or its status was taken before.
    case unknown

    package var description: String {
        switch self {
        case .exited(let code): "exit code \(code)"
        case .signalled(let number): "signal \(number) (\(String(cString: strsignal(number))))"
        case .unknown: "exit status unknown"
        }
    }
}
