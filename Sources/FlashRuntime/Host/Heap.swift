// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// The memory of this process.
package enum Heap {
    /// Gives back to the system what was needed for a while. Takes about a millisecond a hundred MiB.
    package static func trim() { flash_trim_heap() }
}
