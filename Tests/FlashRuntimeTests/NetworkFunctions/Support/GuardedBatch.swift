// SPDX-License-Identifier: Apache-2.0

import Glibc

@testable import FlashRuntime

/// Frames of one page, each with a page behind it that nobody may touch: a packet is laid right before that page, so
/// that a read or write past its end kills the test.
final class GuardedBatch {
    static let pageSize = 4096

    private let memory: UnsafeMutableRawPointer
    private let size: Int
    private let packets: UnsafeMutablePointer<Packet>
    private let verdicts: UnsafeMutablePointer<Verdict>
    private let slots: UnsafeMutablePointer<UInt64>

    init() {
        size = PacketBatch.limit * 2 * Self.pageSize
        memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        for frame in 0..<PacketBatch.limit {
            mprotect(memory + (frame * 2 + 1) * Self.pageSize, Self.pageSize, PROT_NONE)
        }
        packets = .allocate(capacity: PacketBatch.limit)
        packets.initialize(repeating: Packet(address: 0, length: 0), count: PacketBatch.limit)
        verdicts = .allocate(capacity: PacketBatch.limit)
        slots = .allocate(capacity: ProgramCounters.capacity)
        slots.initialize(repeating: 0, count: ProgramCounters.capacity)
    }

    deinit {
        munmap(memory, size)
        packets.deallocate()
        verdicts.deallocate()
        slots.deallocate()
    }

    var counters: ProgramCounters { ProgramCounters(slots: slots) }

    /// - Parameters:
    ///   - contents: at most `PacketBatch.limit` packets.
    ///   - headroom: bytes that each packet may grow by.
    func load(_ contents: [[UInt8]], headroom: Int = 0) -> PacketBatch {
        for (index, content) in contents.enumerated() {
            let offset = index * 2 * Self.pageSize + Self.pageSize - content.count - headroom
            content.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress { (memory + offset).copyMemory(from: base, byteCount: bytes.count) }
            }
            packets[index] = Packet(address: UInt64(offset), length: UInt32(content.count))
            verdicts[index] = .output(0)
        }
        return PacketBatch(
            memory: memory, frameSize: Self.pageSize, packets: packets, verdicts: verdicts, count: contents.count)
    }

    /// What has become of packet `index`.
    func content(_ index: Int) -> [UInt8] {
        let start = memory + Int(packets[index].address)
        return Array(UnsafeRawBufferPointer(start: start, count: Int(packets[index].length)))
    }

    func verdict(_ index: Int) -> Verdict { verdicts[index] }

    /// Runs `program` over `contents`, a batch at a time.
    func run<P: NetworkFunction>(
        _ program: inout P, _ contents: [[UInt8]], headroom: Int = 0
    ) -> [(verdict: Verdict, content: [UInt8])] {
        stride(from: 0, to: contents.count, by: PacketBatch.limit).flatMap { first in
            let part = Array(contents[first..<min(first + PacketBatch.limit, contents.count)])
            program.process(load(part, headroom: headroom), counters: counters)
            return part.indices.map { (verdict($0), content($0)) }
        }
    }
}

extension Program {
    /// A program with the declared defaults for what `values` does not give.
    static func make(
        _ values: [String: ParameterValue] = [:], thread: ThreadPlace = ThreadPlace()
    ) throws(ConfigurationError) -> Self {
        try Self(configuration: ProgramConfiguration(values).completed(for: declaration), thread: thread)
    }
}
