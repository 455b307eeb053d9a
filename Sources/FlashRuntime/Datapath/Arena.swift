// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// One process's view of a topology's shared memory: the UMEM and the arena. A bundle of pointers; who maps the memory
/// keeps it mapped for as long as they are used.
struct Arena: @unchecked Sendable {
    let base: UnsafeMutablePointer<flash_arena>
    let memory: UnsafeMutableRawPointer
    let frameSize: UInt64
    let frameShift: UInt64
    let frameCount: Int
    /// 1 + the port whose kernel rings hold the frame, `redirecting`, or 0.
    let framePorts: UnsafeMutablePointer<UInt16>

    /// - Parameter header: what stands at `base`, or was checked when it was read from there (`SharedDatapath`): a worker can
    ///   write to it.
    init(base: UnsafeMutablePointer<flash_arena>, header: flash_arena, memory: UnsafeMutableRawPointer) {
        self.base = base
        self.memory = memory
        frameSize = header.frame_size
        frameShift = UInt64(header.frame_size.trailingZeroBitCount)
        frameCount = Int(header.frame_count)
        framePorts = (UnsafeMutableRawPointer(base) + Int(header.frame_ports)).assumingMemoryBound(to: UInt16.self)
    }

    @inline(__always) func thread(_ index: UInt32) -> UnsafeMutablePointer<flash_thread> {
        flash_arena_thread(base, index)
    }

    @inline(__always) func ring(_ index: UInt32) -> UnsafeMutablePointer<flash_ring> {
        flash_arena_ring(base, index)
    }

    @inline(__always) func port(_ index: UInt32) -> UnsafeMutablePointer<flash_port> {
        flash_arena_port(base, index)
    }

    @inline(__always) func at<T>(_ offset: UInt64, as type: T.Type) -> UnsafeMutablePointer<T> {
        (UnsafeMutableRawPointer(base) + Int(truncatingIfNeeded: offset)).assumingMemoryBound(to: T.self)
    }

    func slots(of ring: UnsafeMutablePointer<flash_ring>) -> UnsafeMutablePointer<Packet> {
        at(ring.pointee.slots, as: Packet.self)
    }

    /// The slots and capacity of a ring whose block a worker may have overwritten; nil where they are none.
    ///
    /// - Parameter size: the arena's, in bytes.
    func checkedSlots(
        of ring: UnsafeMutablePointer<flash_ring>, size: Int
    ) -> (slots: UnsafeMutablePointer<Packet>, capacity: UInt32)? {
        let block = ring.pointee
        guard block.capacity.nonzeroBitCount == 1, block.capacity <= 1 << 16, block.slots % 16 == 0,
            block.slots >= flash_arena_heap_offset(),
            block.slots <= UInt64(size - Int(block.capacity) * MemoryLayout<Packet>.stride)
        else { return nil }
        return (at(block.slots, as: Packet.self), block.capacity)
    }

    @inline(__always) func frame(of address: UInt64) -> Int {
        Int(truncatingIfNeeded: address >> frameShift)
    }

    @inline(__always) func setPort(_ tag: UInt16, ofFrameAt address: UInt64) {
        framePorts[frame(of: address)] = tag
    }

    /// The mark of frames in the kernel rings of a port.
    func tag(ofPort index: UInt32) -> UInt16 {
        if port(index).pointee.redirects != 0 { return UInt16(FLASH_REDIRECTING) }
        return UInt16(truncatingIfNeeded: index &+ 1)
    }

    func index(of thread: UnsafeMutablePointer<flash_thread>) -> UInt32 {
        UInt32(truncatingIfNeeded: thread - flash_arena_thread(base, 0))
    }

    /// The thread's counters, as `enum flash_counter` numbers them.
    func counters(of thread: UnsafeMutablePointer<flash_thread>) -> UnsafeMutablePointer<UInt64> {
        flash_thread_counters(thread).unsafelyUnwrapped
    }

    func programCounters(of thread: UnsafeMutablePointer<flash_thread>) -> ProgramCounters {
        ProgramCounters(slots: flash_thread_program_counters(thread).unsafelyUnwrapped)
    }
}
