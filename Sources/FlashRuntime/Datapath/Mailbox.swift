// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Synchronization

/// Through which the control thread hands a thread its program made anew from a changed configuration.
final class Mailbox<Driver: BatchDriver>: @unchecked Sendable {
    private let full = Atomic<Bool>(false)
    private var next: Driver.Running?

    /// True from `put` until `take`; for the side that takes.
    @inline(__always) var isFull: Bool { full.load(ordering: .relaxed) }

    /// Puts a program into each mailbox, or, where one is full, into none: all threads work by one configuration. False then.
    static func put(_ programs: [Driver.Running], into mailboxes: [Mailbox]) -> Bool {
        guard mailboxes.allSatisfy({ !$0.full.load(ordering: .acquiring) }) else { return false }
        for (mailbox, program) in zip(mailboxes, programs) {
            mailbox.next = program
            mailbox.full.store(true, ordering: .releasing)
        }
        return true
    }

    func take() -> Driver.Running? {
        guard full.load(ordering: .acquiring) else { return nil }
        let program = next
        next = nil
        full.store(false, ordering: .releasing)
        return program
    }
}
