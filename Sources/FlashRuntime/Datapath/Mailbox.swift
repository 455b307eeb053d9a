// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Synchronization

/// Through which the control thread hands a thread its program made anew from a changed configuration.
final class Mailbox<Driver: BatchDriver>: @unchecked Sendable {
    private let full = Atomic<Bool>(false)
    private var next: Driver.Running?

    /// True from `put` until `take`.
    @inline(__always) var isFull: Bool { full.load(ordering: .relaxed) }

    /// - Precondition: not full.
    func put(_ program: Driver.Running) {
        next = program
        full.store(true, ordering: .releasing)
    }

    func take() -> Driver.Running? {
        guard full.load(ordering: .acquiring) else { return nil }
        let program = next
        next = nil
        full.store(false, ordering: .releasing)
        return program
    }
}
