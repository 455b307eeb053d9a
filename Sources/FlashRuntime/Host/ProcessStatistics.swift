// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// What /proc/PID/stat says of a process; see proc(5).
package struct ProcessStatistics: Hashable, Sendable {
    /// Clock ticks from the machine's start to the process's.
    package var startTime: UInt64
    /// User and system time of all its threads so far, in nanoseconds.
    package var cpuNanoseconds: UInt64
    /// Resident memory in bytes, shared memory included.
    package var residentBytes: UInt64
    /// Name of the program as `ps` shows it, at most 15 bytes.
    package var name: String
    /// By SIGSTOP or the like: it does nothing until SIGCONT or SIGKILL.
    package var isStopped: Bool

    /// ESRCH where there is no such process.
    package static func read(_ identifier: Int32) throws(SystemError) -> ProcessStatistics {
        let path = "/proc/\(identifier)/stat"
        let text: String
        do {
            text = try SystemFile.read(path)
        } catch  where error.code == ENOENT {
            throw SystemError(call: "read", code: ESRCH, context: "process \(identifier)")
        }
        guard let statistics = parse(text) else {
            throw SystemError(call: "read", code: EBADMSG, context: path)
        }
        return statistics
    }

    static func parse(_ text: String) -> ProcessStatistics? {
        // The name stands in parentheses and may itself hold any of them.
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close else { return nil }
        let fields = text[text.index(after: close)...].split(whereSeparator: \.isWhitespace)
        // Field 3 of the manual page (state) is the first one here.
        func field(_ number: Int) -> UInt64? {
            fields.indices.contains(number - 3) ? UInt64(fields[number - 3]) : nil
        }
        guard let user = field(14), let system = field(15), let start = field(22), let pages = field(24) else {
            return nil
        }
        let tick = UInt64(1_000_000_000) / UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        return ProcessStatistics(
            startTime: start, cpuNanoseconds: (user &+ system) &* tick,
            residentBytes: pages &* UInt64(max(0, flash_page_size())),
            name: String(text[text.index(after: open)..<close]), isStopped: fields.first == "T")
    }
}

/// Where threads may run.
package enum Affinity {
    /// Lets thread `thread` (0: the caller) run on these CPUs only. EINVAL where none of them exists.
    package static func set(thread: Int32, cpus: [Int]) throws(SystemError) {
        let numbers = cpus.map { Int32(truncatingIfNeeded: $0) }
        try SystemError.check(
            "sched_setaffinity", flash_set_affinity(thread, numbers, numbers.count),
            context: "CPU \(cpus.map(String.init).joined(separator: ", "))")
    }
}
