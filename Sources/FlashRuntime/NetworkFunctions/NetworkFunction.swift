// SPDX-License-Identifier: Apache-2.0

/// A program that an NF thread runs. Each thread owns one value of it, which nobody else touches.
package protocol Program {
    static var declaration: ProgramDeclaration { get }

    /// - Parameters:
    ///   - configuration: holds a value of the declared type for each parameter (defaults filled in).
    ///   - thread: which thread of the NF this value serves, and of how many.
    /// - Throws: `ConfigurationError` for what the declaration's types cannot say (a rule that does not parse).
    init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError)

    /// Takes over from `next`, which was made off the hot path from a changed configuration; keep what must outlive
    /// the change. Called between two batches.
    mutating func reconfigure(as next: consuming Self)
}

extension Program {
    package mutating func reconfigure(as next: consuming Self) {
        self = next
    }
}

/// Thread `index` of `count` of an NF.
package struct ThreadPlace: Hashable, Sendable {
    package var index: Int
    package var count: Int

    package init(index: Int = 0, count: Int = 1) {
        self.index = index
        self.count = count
    }
}

/// A program that decides about packets, a batch at a time.
package protocol NetworkFunction: Program {
    /// The first cache line of each packet is fetched before `process`: worth it where one look at a header depends on the
    /// one before, a waste where the loads are independent or there are none.
    var fetchesAhead: Bool { get }

    /// Sets a verdict for each packet of the batch (all begin as `.output(0)`), and may change the packets.
    ///
    /// After the death of a worker its successor sees the batch that was not yet handed on a second time.
    mutating func process(_ batch: PacketBatch, counters: ProgramCounters)
}

extension NetworkFunction {
    package var fetchesAhead: Bool { true }
}

/// A program that makes packets.
package protocol PacketSource: Program {
    /// Writes packets into the frames of `batch` and returns how many it wrote, from the front.
    /// The lengths are to be set; a frame that is not used stays with the thread.
    ///
    /// - Parameter now: CLOCK_MONOTONIC, in nanoseconds.
    mutating func generate(into batch: PacketBatch, now: UInt64, counters: ProgramCounters) -> Int

    /// When `generate` is to be called next: at `now` or earlier for as soon as there is room, `.max` for never again.
    ///
    /// - Parameter now: CLOCK_MONOTONIC, in nanoseconds; so is the result.
    func nextDue(now: UInt64) -> UInt64
}

/// Where a packet goes: out of an output, or nowhere with a reason.
package struct Verdict: Hashable, BitwiseCopyable, Sendable {
    @usableFromInline package let rawValue: UInt16

    @inlinable package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Output 0 is the default one. Outputs count to `Verdict.outputLimit`.
    @inlinable package static func output(_ index: Int) -> Verdict {
        Verdict(rawValue: UInt16(truncatingIfNeeded: index))
    }

    @inlinable package static func drop(_ reason: DropReason) -> Verdict {
        Verdict(rawValue: 0x8000 | UInt16(reason.rawValue))
    }

    /// Outputs have indices below this.
    package static var outputLimit: Int { 1024 }
}

/// Why a packet went no further. The raw value is its slot among a thread's counters.
package enum DropReason: UInt8, CaseIterable, Codable, Sendable {
    /// Fields that contradict each other, or a header that a standard forbids.
    case malformed
    /// The packet ends before its headers do.
    case truncated
    /// A rule of the configuration says so.
    case policy
    /// The program is where packets are meant to end.
    case consumed
    /// Nothing that the program knows what to do with.
    case unhandled
    /// The output that was chosen leads nowhere.
    case noLink
}

/// Counters of a program's own, one 64-bit slot for each name in its declaration. They lie in shared memory and
/// outlive the worker.
package struct ProgramCounters {
    @usableFromInline let slots: UnsafeMutablePointer<UInt64>

    package static var capacity: Int { 64 }

    @inlinable package init(slots: UnsafeMutablePointer<UInt64>) { self.slots = slots }

    @inlinable package func add(_ amount: UInt64, to slot: Int) {
        slots[slot] &+= amount
    }

    /// For extremes and levels; sums are for `add`.
    @inlinable package func set(_ value: UInt64, in slot: Int) {
        slots[slot] = value
    }

    @inlinable package func value(of slot: Int) -> UInt64 {
        slots[slot]
    }
}

/// Up to `PacketBatch.limit` packets. A view: it is valid only during the call that it is passed to.
package struct PacketBatch {
    @usableFromInline let memory: UnsafeMutableRawPointer
    @usableFromInline let frameSizeMask: UInt64
    @usableFromInline let packets: UnsafeMutablePointer<Packet>
    @usableFromInline let verdicts: UnsafeMutablePointer<Verdict>
    package let count: Int

    package static var limit: Int { 64 }

    /// - Parameters:
    ///   - memory: the UMEM's first byte.
    ///   - frameSize: a power of two, in bytes.
    @inlinable package init(
        memory: UnsafeMutableRawPointer, frameSize: Int, packets: UnsafeMutablePointer<Packet>,
        verdicts: UnsafeMutablePointer<Verdict>, count: Int
    ) {
        self.memory = memory
        self.frameSizeMask = UInt64(frameSize - 1)
        self.packets = packets
        self.verdicts = verdicts
        self.count = count
    }

    /// The packet's first byte, that of the Ethernet header.
    @inlinable package func bytes(_ index: Int) -> UnsafeMutableRawPointer {
        memory + Int(truncatingIfNeeded: packets[index].address)
    }

    /// In bytes, from the Ethernet header, without the frame check sequence.
    @inlinable package func length(_ index: Int) -> Int {
        Int(packets[index].length)
    }

    /// How long the packet may become: the bytes from its start to the end of its frame.
    @inlinable package func room(_ index: Int) -> Int {
        Int(truncatingIfNeeded: frameSizeMask + 1 - (packets[index].address & frameSizeMask))
    }

    @inlinable package func setLength(_ length: Int, of index: Int) {
        packets[index].length = UInt32(truncatingIfNeeded: length)
    }

    @inlinable package func setVerdict(_ verdict: Verdict, of index: Int) {
        verdicts[index] = verdict
    }
}

/// A descriptor as the kernel's `struct xdp_desc` has it: an address in the UMEM, a length, options. 16 bytes.
package struct Packet {
    /// In bytes from the UMEM's start.
    package var address: UInt64
    /// In bytes.
    package var length: UInt32
    package var options: UInt32

    /// Bytes before a made packet in its frame, as the kernel leaves them (XDP_PACKET_HEADROOM).
    package static var headroom: Int { 256 }

    @inlinable package init(address: UInt64, length: UInt32, options: UInt32 = 0) {
        self.address = address
        self.length = length
        self.options = options
    }
}
