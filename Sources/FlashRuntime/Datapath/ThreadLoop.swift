// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// What one NF thread does for ever: a round over its inputs, a batch from each; and when there is nothing to do, tell the
/// neighbours and sleep. Between two batches it holds no frame and no state that is not in shared memory.
///
/// Per packet: a descriptor read, one written, one free frame exchanged, and what the program does. No allocation, reference
/// count, lock or system call.
struct ThreadLoop<Driver: BatchDriver> {
    let arena: Arena
    let resources: WorkerResources
    let thread: UnsafeMutablePointer<flash_thread>
    let index: UInt32
    let journal: Journal
    let counters: UnsafeMutablePointer<UInt64>
    let programCounters: ProgramCounters
    let mailbox: Mailbox<Driver>
    var driver: Driver

    var table = TableView()
    var generation: UInt32 = 0

    /// What a look at one input came to.
    enum Outcome {
        case idle
        case worked
        /// Packets wait, and an output of theirs is full.
        case blocked
        /// Another thread has the send side of a port.
        case contended
    }

    mutating func run() {
        var idleSince: UInt64 = 0
        while true {
            if flash_load_acquire(&thread.pointee.generation) != generation
                || flash_load_relaxed(&thread.pointee.mode) != UInt32(FLASH_MODE_RUN.rawValue) || mailbox.isFull
            {
                guard attend() else { return }
                continue
            }
            var worked = false
            var blocked = false
            var contended = false
            for input in 0..<table.inputCount {
                switch serve(table.inputs + input) {
                case .idle: break
                case .worked: worked = true
                case .blocked: blocked = true
                case .contended: contended = true
                }
            }
            if worked {
                idleSince = 0
                continue
            }
            announceAll()
            if contended {
                sched_yield()
                continue
            }
            rest(blocked: blocked, idleSince: &idleSince)
        }
    }

    /// Does what the daemon or the control thread asks for. Returns false where the thread is to end.
    private mutating func attend() -> Bool {
        announceAll()
        if mailbox.isFull, let next = mailbox.take() { driver.reconfigure(as: next) }
        let wanted = flash_load_acquire(&thread.pointee.generation)
        if wanted != generation {
            table.release()
            table = TableView(thread: thread, arena: arena, resources: resources)
            table.sendProbes()
            if generation == 0 { greetNeighbours() }
            announceAll()
            generation = wanted
            flash_store_release(&thread.pointee.acknowledged, wanted)
            resources.acknowledge()
        }
        let mode = flash_load_acquire(&thread.pointee.mode)
        if mode != flash_load_relaxed(&thread.pointee.acknowledged_mode) {
            flash_store_release(&thread.pointee.acknowledged_mode, mode)
            resources.acknowledge()
        }
        switch mode {
        case UInt32(FLASH_MODE_STOP.rawValue):
            return false
        case UInt32(FLASH_MODE_PAUSE.rawValue):
            resources.waitForEvent(of: index)
        default:
            break
        }
        return true
    }
}
