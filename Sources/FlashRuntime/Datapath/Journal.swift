// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// The batch that a thread carries, in shared memory, with typed access to its arrays.
struct Journal {
    let base: UnsafeMutablePointer<flash_journal>
    let packets: UnsafeMutablePointer<Packet>
    let verdicts: UnsafeMutablePointer<Verdict>
    /// The frame that comes in exchange for each packet.
    let taken: UnsafeMutablePointer<UInt64>
    /// The producer index at which each packet goes into its output.
    let slot: UnsafeMutablePointer<UInt32>
    /// Index in `moves` of each packet's output, or `noMove`.
    let move: UnsafeMutablePointer<UInt8>
    let moves: UnsafeMutablePointer<flash_move>

    static let noMove = UInt8(FLASH_NO_MOVE)

    init(_ thread: UnsafeMutablePointer<flash_thread>) {
        base = flash_thread_journal(thread)
        packets = UnsafeMutableRawPointer(flash_journal_packets(base)).assumingMemoryBound(to: Packet.self)
        verdicts = UnsafeMutableRawPointer(flash_journal_verdicts(base)).assumingMemoryBound(to: Verdict.self)
        taken = flash_journal_taken(base)
        slot = flash_journal_slot(base)
        move = flash_journal_move(base)
        moves = flash_journal_moves(base)
    }

    /// From here on the batch is final: it will be carried through, by this process or by whoever finds it.
    @inline(__always) func beginCommit() { enter(FLASH_PHASE_COMMITTING) }

    /// A uniform batch is final. The next writes are the free frames into the input's slots, then `beginCommit`.
    @inline(__always) func beginExchange() { enter(FLASH_PHASE_EXCHANGING) }

    @inline(__always) private func enter(_ phase: flash_phase) {
        flash_release_fence()
        flash_store_release(&base.pointee.phase, UInt32(phase.rawValue))
        flash_release_fence()
    }

    @inline(__always) func endCommit() {
        flash_store_release(&base.pointee.phase, UInt32(FLASH_PHASE_IDLE.rawValue))
    }
}
