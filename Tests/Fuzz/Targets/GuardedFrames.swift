// SPDX-License-Identifier: Apache-2.0

internal import FlashRuntime
internal import Glibc

/// Frames of one page each, between pages that nobody may touch.
final class GuardedFrames: @unchecked Sendable {
    /// Where in its page a packet lies.
    enum Place: CaseIterable {
        /// A read or write before it kills the process.
        case start
        /// A read or write behind it kills the process.
        case end
    }

    /// Used by one thread at a time: `run` holds a lock.
    static let shared = GuardedFrames()

    private static let pageSize = 4096
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let memory: UnsafeMutableRawPointer
    private let packets: UnsafeMutablePointer<Packet>
    private let verdicts: UnsafeMutablePointer<Verdict>
    private let slots: UnsafeMutablePointer<UInt64>

    private init() {
        let pages = PacketBatch.limit * 2 + 1
        let size = pages * Self.pageSize
        guard let memory = mmap(nil, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), memory != MAP_FAILED else {
            preconditionFailure("mmap")
        }
        for frame in 0..<PacketBatch.limit {
            mprotect(memory + Self.start(of: frame), Self.pageSize, PROT_READ | PROT_WRITE)
        }
        self.memory = memory
        packets = .allocate(capacity: PacketBatch.limit)
        packets.initialize(repeating: Packet(address: 0, length: 0), count: PacketBatch.limit)
        verdicts = .allocate(capacity: PacketBatch.limit)
        verdicts.initialize(repeating: .output(0), count: PacketBatch.limit)
        slots = .allocate(capacity: ProgramCounters.capacity)
        slots.initialize(repeating: 0, count: ProgramCounters.capacity)
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        pthread_mutex_init(lock, nil)
    }

    private static func start(of frame: Int) -> Int { (frame * 2 + 1) * pageSize }

    /// Runs a program over a batch, shows each verdict, and checks that no packet outgrew its frame.
    func run<P: NetworkFunction>(
        _ program: inout P, _ contents: [[UInt8]], at place: Place, verdict check: (Verdict) -> Void
    ) {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        for (index, content) in contents.enumerated() {
            // An empty packet too lies in its frame.
            let offset = Self.start(of: index) + (place == .end ? Self.pageSize - max(content.count, 1) : 0)
            content.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress { (memory + offset).copyMemory(from: base, byteCount: bytes.count) }
            }
            packets[index] = Packet(address: UInt64(offset), length: UInt32(content.count))
            verdicts[index] = .output(0)
        }
        let batch = PacketBatch(
            memory: memory, frameSize: Self.pageSize, packets: packets, verdicts: verdicts, count: contents.count)
        program.process(batch, counters: ProgramCounters(slots: slots))
        for index in contents.indices {
            check(verdicts[index])
            precondition(batch.length(index) <= batch.room(index))
            precondition(Int(packets[index].address) / Self.pageSize == Self.start(of: index) / Self.pageSize)
        }
    }
}
