// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// How a worker is started: as nobody, with no capability, no privilege to gain, and five descriptors.
///
/// The descriptors are borrowed; the child has copies: 0 is /dev/null, 1 and 2 are `log`, 3 is `control`, 4 `daemonEnd`.
package struct WorkerProcess: Sendable {
    /// An open program file (see `executable(_:)`), which needs the permission to be executed by `user`.
    package var executable: Int32
    package var arguments: [String]
    /// `NAME=value`. By default Swift's crash reporter is off: the filter would kill it and hide the signal.
    package var environment: [String]
    package var control: Int32
    package var daemonEnd: Int32
    package var log: Int32
    /// How much memory of its own it may have, in bytes; what it shares is not counted.
    package var memoryLimit: Int
    package var user: UInt32
    package var group: UInt32

    /// User and group `nobody` of the kernel.
    package static let nobody: UInt32 = 65534

    /// How long its log may become by its own hand, in bytes. The log may lie in memory, and nobody may be there to cut it.
    package static let logLimit = 4 << 20

    /// Each thread has a program of its own and a stack: of the programs that there are, none takes more than 20 MiB for both.
    package static func memoryLimit(threads: Int) -> Int { (1 + threads) * (128 << 20) }

    package init(
        executable: Int32, arguments: [String], environment: [String] = ["SWIFT_BACKTRACE=enable=no"],
        control: Int32, daemonEnd: Int32, log: Int32, memoryLimit: Int = memoryLimit(threads: 1),
        user: UInt32 = nobody, group: UInt32 = nobody
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.control = control
        self.daemonEnd = daemonEnd
        self.log = log
        self.memoryLimit = memoryLimit
        self.user = user
        self.group = group
    }

    /// Opens a program for `executable`. It may lie where the worker's user cannot go.
    package static func executable(_ path: String) throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(taking: try SystemError.check("open", flash_open_program(path), context: path))
    }

    /// Starts the process; returns when it has been exec'ed. It outlives this process.
    /// An error names the call that failed in the child: `execveat: Permission denied`.
    package func spawn() throws(SystemError) -> ProcessHandle {
        var handle: Int32 = -1
        var failedCall: UnsafePointer<CChar>?
        let identifier = Self.withCStrings(arguments) { arguments in
            Self.withCStrings(environment) { environment in
                var request = flash_spawn(
                    executable: executable, arguments: arguments, environment: environment, control: control,
                    daemon_end: daemonEnd, log: log, file_limit: UInt64(Self.logLimit),
                    memory_limit: UInt64(memoryLimit), user: user, group: group)
                return flash_spawn(&request, &handle, &failedCall)
            }
        }
        let call = failedCall.map { String(cString: $0) } ?? "spawn"
        try SystemError.check(call, identifier, context: arguments.first)
        return try ProcessHandle(identifier: identifier, handle: OwnedDescriptor(taking: handle))
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers = copies.map { UnsafePointer($0) } + [nil]
        return pointers.withUnsafeBufferPointer { buffer in
            // An array with one element at least has an address.
            body(buffer.baseAddress.unsafelyUnwrapped)
        }
    }
}
