// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// What a thread is asked to do.
package enum ThreadMode: UInt32, Sendable {
    case run = 0
    /// Finish the batch at hand, then wait.
    case pause = 1
    /// Finish the batch at hand, then end.
    case stop = 2
}

extension SharedDatapath {
    package func addThread() throws(DatapathError) -> ThreadID {
        guard let index = (0..<Int(FLASH_THREADS)).first(where: { threads[$0] == nil }) else {
            throw .exhausted(what: "threads", limit: Int(FLASH_THREADS))
        }
        let event: OwnedDescriptor
        do throws(SystemError) { event = try OwnedDescriptor.event() } catch { throw .system(error) }
        let block = arena.thread(UInt32(index))
        block.update(repeating: flash_thread(), count: 1)
        block.pointee.use = UInt32(FLASH_USED.rawValue)
        threads[index] = ThreadRecord(event: DescriptorBox(event))
        return ThreadID(rawValue: index)
    }

    /// Takes over a thread of a topology that runs, with the eventfd that it sleeps on.
    package func adoptThread(_ thread: ThreadID, event: consuming OwnedDescriptor) throws(DatapathError) {
        guard (0..<Int(FLASH_THREADS)).contains(thread.rawValue), threads[thread.rawValue] == nil else {
            throw .invalid("no thread \(thread.rawValue) to adopt")
        }
        let block = arena.thread(UInt32(thread.rawValue))
        var record = ThreadRecord(event: DescriptorBox(event))
        // It may have been removed already by a daemon that died before it could say so.
        block.pointee.use = UInt32(FLASH_USED.rawValue)
        record.generation = block.pointee.generation
        if block.pointee.generation != 0 {
            let start = Int(truncatingIfNeeded: block.pointee.table)
            guard start >= heapStart, start <= arenaSize - MemoryLayout<flash_table>.size else {
                throw .invalid("thread \(thread.rawValue) has a table outside the arena")
            }
            let size = Int(arena.at(UInt64(start), as: flash_table.self).pointee.size)
            let range = start..<start + max(size, MemoryLayout<flash_table>.size)
            guard heap.reserve(range) else { throw .invalid("the table of thread \(thread.rawValue) overlaps") }
            record.table = range
        }
        threads[thread.rawValue] = record
    }

    /// - Precondition: its worker has ended.
    package func removeThread(_ thread: ThreadID) {
        guard let record = threads.removeValue(forKey: thread.rawValue) else { return }
        if let table = record.table { heap.release(table) }
        if let table = record.retired { heap.release(table) }
        arena.thread(UInt32(thread.rawValue)).update(repeating: flash_thread(), count: 1)
    }

    /// The eventfd on which a thread sleeps; borrowed.
    package func event(of thread: ThreadID) -> Int32 {
        threads[thread.rawValue]?.event.descriptor.rawValue ?? -1
    }

    package func eventIdentity(of thread: ThreadID) -> DescriptorIdentity? { threads[thread.rawValue]?.event.identity }

    /// How long a thread spins before it sleeps, in nanoseconds: nil for ever, 0 not at all.
    package func setSpin(_ nanoseconds: UInt64?, of thread: ThreadID) {
        let block = arena.thread(UInt32(thread.rawValue))
        guard flash_load_relaxed64(&block.pointee.spin_nanoseconds) != nanoseconds ?? .max else { return }
        flash_store_relaxed64(&block.pointee.spin_nanoseconds, nanoseconds ?? .max)
        wake(thread)
    }

    /// Says on which CPU a thread runs, and on no other; nil: on any.
    package func setCPU(_ cpu: Int?, of thread: ThreadID) {
        let number = cpu.map { UInt32(clamping: $0 + 1) } ?? 0
        flash_store_relaxed(&arena.thread(UInt32(thread.rawValue)).pointee.cpu, number)
    }

    package func requestMode(_ mode: ThreadMode, of thread: ThreadID) {
        flash_store_release(&arena.thread(UInt32(thread.rawValue)).pointee.mode, mode.rawValue)
        wake(thread)
    }

    /// The generation of the table that was set last; 0: none yet.
    package func generation(of thread: ThreadID) -> UInt32 { threads[thread.rawValue]?.generation ?? 0 }

    /// The mode that the thread last said it is in; nil for a value that no thread of ours writes.
    package func acknowledgedMode(_ thread: ThreadID) -> ThreadMode? {
        ThreadMode(rawValue: flash_load_acquire(&arena.thread(UInt32(thread.rawValue)).pointee.acknowledged_mode))
    }

    /// The generation of the table that the thread works by; 0 before its first.
    package func acknowledged(_ thread: ThreadID) -> UInt32 {
        flash_load_acquire(&arena.thread(UInt32(thread.rawValue)).pointee.acknowledged)
    }

    /// Carries through what the thread left undone, and makes its block ready for a successor.
    ///
    /// - Precondition: its worker has ended.
    package func recover(_ thread: ThreadID) {
        let block = arena.thread(UInt32(thread.rawValue))
        repair(block)
        flash_store_release(&block.pointee.acknowledged, 0)
        flash_store_release(&block.pointee.acknowledged_mode, 0)
        flash_store_release(&block.pointee.mode, ThreadMode.run.rawValue)
    }

    func repair(_ block: UnsafeMutablePointer<flash_thread>) {
        Recovery(arena: arena, size: arenaSize) { port in self.ports[Int(port)]?.mapping }.repair(block)
    }

    func wake(_ thread: ThreadID) {
        _ = flash_signal(event(of: thread))
    }
}
