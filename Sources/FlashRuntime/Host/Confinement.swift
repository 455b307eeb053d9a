// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// The system-call filter of a worker.
package enum Confinement {
    /// Called once by a worker, after all its threads were started and before its first packet. From then on no thread
    /// can open a file, make a socket, start a process or make memory executable: the attempt kills the process (SIGSYS).
    package static func enter() throws(SystemError) {
        try SystemError.check("seccomp", flash_confine())
    }
}
