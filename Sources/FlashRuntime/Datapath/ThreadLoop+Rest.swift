// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// Telling the neighbours, and sleeping.
///
/// A thread that sleeps says so in its block first, then looks once more; whoever publishes for it looks at that word after.
/// Both sides have a full fence between the two, so one of them sees the other. A neighbour is looked after when this
/// thread has nothing more to do, not at each batch: threads that share a CPU hand over whole rings. A neighbour that can
/// run meanwhile is looked after as soon as a quarter of the ring was moved; one on the same CPU at three quarters, for the
/// thread may never run out of packets from elsewhere.
extension ThreadLoop {
    /// Looks after all neighbours for which something has changed.
    mutating func announceAll() {
        for index in 0..<table.outputCountInUse where table.outputs[index].unannounced != 0 {
            let output = table.outputs + index
            if output.pointee.isPort { kick(output) } else { announce(output) }
        }
        for index in 0..<table.inputCount where table.inputs[index].released != 0 { relieve(table.inputs + index) }
    }

    /// Wakes all neighbours, whatever they say of themselves: a predecessor may have died after it had published and
    /// before it told them, or between taking their mark of sleep and signalling their event.
    mutating func greetNeighbours() {
        for index in 0..<table.outputCountInUse {
            let output = table.outputs + index
            if output.pointee.isPort { kick(output) } else { resources.signal(output.pointee.readerEvent) }
        }
        for index in 0..<table.inputCount where table.inputs[index].writer != nil {
            resources.signal(table.inputs[index].writerEvent)
        }
    }

    /// Looks after the reader of an output although this thread is still busy.
    @inline(__always) mutating func announceEarly(_ output: UnsafeMutablePointer<Output>) {
        let quarter = output.pointee.capacity / 4
        guard output.pointee.unannounced >= quarter else { return }
        if output.pointee.unannounced < 3 &* quarter && sharesCPU(output.pointee.reader) { return }
        announce(output)
    }

    /// Looks after the writer of an input although this thread is still busy.
    @inline(__always) mutating func relieveEarly(_ input: UnsafeMutablePointer<Input>) {
        let quarter = (input.pointee.mask &+ 1) / 4
        guard input.pointee.released >= quarter else { return }
        if input.pointee.released < 3 &* quarter && sharesCPU(input.pointee.writer) { return }
        relieve(input)
    }

    private func sharesCPU(_ neighbour: UnsafeMutablePointer<flash_thread>?) -> Bool {
        guard let neighbour else { return false }
        let cpu = flash_load_relaxed(&thread.pointee.cpu)
        return cpu != 0 && flash_load_relaxed(&neighbour.pointee.cpu) == cpu
    }

    /// Wakes the reader of an output if it sleeps.
    mutating func announce(_ output: UnsafeMutablePointer<Output>) {
        output.pointee.unannounced = 0
        guard let reader = output.pointee.reader else { return }
        flash_fence()
        if flash_load_relaxed(&reader.pointee.sleeping) != UInt32(FLASH_AWAKE.rawValue) {
            wake(reader, event: output.pointee.readerEvent)
        }
    }

    /// Wakes the writer of an input if it sleeps because the input was full; tells the kernel of free frames
    /// where it asks, and the sockets that send here.
    mutating func relieve(_ input: UnsafeMutablePointer<Input>) {
        input.pointee.released = 0
        if let fill = input.pointee.fill {
            if fill.needsWakeup || input.pointee.isRedirected { _ = flash_receive_kick(input.pointee.socket) }
            return
        }
        guard let writer = input.pointee.writer else { return }
        flash_fence()
        if flash_load_relaxed(&writer.pointee.sleeping) == UInt32(FLASH_SLEEPS_BLOCKED.rawValue) {
            wake(writer, event: input.pointee.writerEvent)
        }
    }

    private func wake(_ thread: UnsafeMutablePointer<flash_thread>, event: Int32) {
        guard flash_exchange(&thread.pointee.sleeping, UInt32(FLASH_AWAKE.rawValue)) != UInt32(FLASH_AWAKE.rawValue)
        else { return }
        resources.signal(event)
        counters[Int(FLASH_COUNTER_WAKEUPS_SENT.rawValue)] &+= 1
    }

    /// Has the kernel send what stands in a port's TX ring. In copy mode a call sends at most 32 packets, and may ask to
    /// come again (EAGAIN); what it leaves is sent after the next rest.
    mutating func kick(_ output: UnsafeMutablePointer<Output>) {
        guard let transmit = output.pointee.transmit else { return }
        var attempts = 0
        while flash_load_acquire(transmit.consumer) != flash_load_relaxed(transmit.producer) {
            if !transmit.needsWakeup { break }
            attempts += 1
            let result = flash_send_kick(output.pointee.socket)
            // The kernel goes on by itself when a receiver has room.
            if output.pointee.redirects && result == -EAGAIN { return }
            if result < 0 && result != -EAGAIN && result != -EBUSY && result != -ENOBUFS {
                counters[Int(FLASH_COUNTER_TX_ERRORS.rawValue)] &+= 1
                return
            }
            if attempts == 128 { return }
        }
        output.pointee.unannounced = 0
    }

    /// Spins for the thread's bounded while, then sleeps until a neighbour, the kernel or the daemon wakes it.
    mutating func rest(blocked: Bool, idleSince: inout UInt64) {
        let spin = flash_load_relaxed64(&thread.pointee.spin_nanoseconds)
        if spin == .max {
            flash_pause()
            return
        }
        if spin != 0 {
            let now = Clock.now()
            if idleSince == 0 { idleSince = now }
            if now &- idleSince < spin {
                for _ in 0..<8 { flash_pause() }
                return
            }
        }
        let state = blocked ? FLASH_SLEEPS_BLOCKED.rawValue : FLASH_SLEEPS_EMPTY.rawValue
        _ = flash_exchange(&thread.pointee.sleeping, UInt32(state))
        flash_fence()
        if !hasWork(blocked: blocked) { sleep(blocked: blocked) }
        _ = flash_exchange(&thread.pointee.sleeping, UInt32(FLASH_AWAKE.rawValue))
        idleSince = 0
    }

    /// The look after the announcement of sleep. Packets that have come since, and have no room, are work too where the thread
    /// has not said that it is blocked: the reader that makes room would not wake it.
    private mutating func hasWork(blocked: Bool) -> Bool {
        if flash_load_acquire(&thread.pointee.generation) != generation
            || flash_load_relaxed(&thread.pointee.mode) != UInt32(FLASH_MODE_RUN.rawValue) || mailbox.isFull
        {
            return true
        }
        for index in 0..<table.inputCount {
            let input = table.inputs + index
            input.pointee.isAwaited = input.pointee.available() == 0
            if input.pointee.isAwaited { continue }
            if Driver.isSource && driver.nextDue() > Clock.now() { continue }
            var room = UInt32.max
            for position in 0..<input.pointee.reachCount {
                let output = table.outputs + Int(input.pointee.reach[position])
                room = min(room, output.pointee.currentRoom())
            }
            if room != 0 || !blocked { return true }
        }
        return false
    }

    private mutating func sleep(blocked: Bool) {
        counters[Int(FLASH_COUNTER_SLEEPS.rawValue)] &+= 1
        let began = blocked ? Clock.now() : 0
        let timeout = sleepLimit(blocked: blocked)
        if !table.hasSockets && timeout < 0 {
            resources.waitForEvent(of: index)
        } else {
            table.poll(blocked: blocked, nanoseconds: timeout)
        }
        if blocked { counters[Int(FLASH_COUNTER_BLOCKED_NANOSECONDS.rawValue)] &+= Clock.now() &- began }
    }

    /// Nanoseconds after which to look without being woken; negative: never.
    ///
    /// The kernel says that a TX ring has room, but not that its completions are there, and not that it would now take what
    /// a kick left: those two are looked at again after a millisecond.
    private func sleepLimit(blocked: Bool) -> Int64 {
        var limit: Int64 = -1
        for index in 0..<table.outputCountInUse
        where table.outputs[index].isPort && !table.outputs[index].redirects {
            if blocked || table.outputs[index].unannounced != 0 { limit = 1_000_000 }
        }
        if Driver.isSource {
            let due = driver.nextDue()
            if due != .max && !blocked {
                let now = Clock.now()
                let wait = due > now ? Int64(clamping: due - now) : 0
                limit = limit < 0 ? wait : min(limit, wait)
            }
        }
        return limit
    }
}

extension Output {
    /// Whether a sleep is to end when the socket can send. A redirecting one has room also while others of the thread's
    /// outputs have none, and can be blocked while they are not.
    mutating func awaitsRoom(blocked: Bool) -> Bool {
        if redirects { return unannounced != 0 || currentRoom() == 0 }
        return blocked && isPort
    }

    /// Room as of now, without the lock of a port: a guess there, exact on a ring.
    mutating func currentRoom() -> UInt32 {
        guard let completion else { return refreshedRoom(wanted: 1) }
        let inFlight = flash_load_relaxed(producerWord) &- flash_load_acquire(completion.producer)
        return inFlight < capacity ? capacity &- inFlight : 0
    }
}
