// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// The daemon's side of the `shared` datapath of one topology: it owns the UMEM and the arena, hands out frames, rings, ports and
/// threads, and says by tables what each thread reads and where it sends to. It never touches a packet.
///
/// Not safe to use from two threads at once. What stands in the arena may have been written by a worker: it is checked
/// before use, and the bounds that matter are kept in this process.
package final class SharedDatapath {
    package let frameCount: Int
    /// In bytes.
    package let frameSize: Int
    /// The UMEM's first byte, a multiple of 2 MiB, and its size in bytes.
    package let memory: UnsafeMutableRawPointer
    package let memorySize: Int

    let arena: Arena
    let arenaSize: Int
    /// Where rings and tables begin, in bytes from the arena's start.
    let heapStart: Int
    /// 1 where nobody has the frame.
    let framePool: UnsafeMutablePointer<UInt8>
    private let memoryFile: DescriptorBox
    private let arenaFile: DescriptorBox

    var heap: ExtentAllocator
    var freeFrames: [UInt32] = []
    var threads: [Int: ThreadRecord] = [:]
    var rings: [Int: RingRecord] = [:]
    var ports: [Int: PortRecord] = [:]
    var strays = Strays()

    package var memoryDescriptor: Int32 { memoryFile.descriptor.rawValue }
    package var arenaDescriptor: Int32 { arenaFile.descriptor.rawValue }
    package var memoryIdentity: DescriptorIdentity? { memoryFile.identity }
    package var arenaIdentity: DescriptorIdentity? { arenaFile.identity }

    /// Bytes of address space for rings and tables; only what is used costs memory.
    private static var heapSize: Int { 512 << 20 }

    /// Makes the memory of a new topology.
    ///
    /// - Parameters:
    ///   - frameCount: 64 at least.
    ///   - frameSize: in bytes, 2048 or 4096.
    package static func create(frameCount: Int, frameSize: Int) throws(SystemError) -> SharedDatapath {
        let memorySize = roundUp(frameCount * frameSize, to: 2 << 20)
        let portsOffset = Int(flash_arena_heap_offset())
        let poolOffset = portsOffset + roundUp(frameCount * 2, to: 4096)
        let heapOffset = poolOffset + roundUp(frameCount, to: 4096)
        let arenaSize = roundUp(heapOffset + heapSize, to: 2 << 20)
        let memoryFile = try OwnedDescriptor.memory(name: "flash-umem", size: memorySize)
        let arenaFile = try OwnedDescriptor.memory(name: "flash-arena", size: arenaSize)
        let memory = try map(memoryFile.rawValue, size: memorySize)
        let base = try map(arenaFile.rawValue, size: arenaSize).assumingMemoryBound(to: flash_arena.self)
        _ = flash_collapse(memory, memorySize)
        base.pointee.size = UInt64(arenaSize)
        base.pointee.frame_count = UInt64(frameCount)
        base.pointee.frame_size = UInt64(frameSize)
        base.pointee.frame_ports = UInt64(portsOffset)
        base.pointee.frame_pool = UInt64(poolOffset)
        base.pointee.heap = UInt64(heapOffset)
        base.pointee.next_number = 1
        base.pointee.magic = FLASH_ARENA_MAGIC
        let datapath = SharedDatapath(
            memoryFile: memoryFile, arenaFile: arenaFile, memory: memory, memorySize: memorySize, base: base,
            header: base.pointee, arenaSize: arenaSize)
        for frame in 0..<frameCount { datapath.framePool[frame] = 1 }
        datapath.collectFreeFrames()
        return datapath
    }

    /// Takes over the memory of a topology that runs, from descriptors that a worker has kept.
    ///
    /// - Throws: EINVAL where it is not such memory.
    package static func adopt(
        memory memoryFile: consuming OwnedDescriptor, arena arenaFile: consuming OwnedDescriptor
    ) throws(SystemError) -> SharedDatapath {
        let memorySize = Int(try SystemError.check("fstat", flash_file_size(memoryFile.rawValue)))
        let arenaSize = Int(try SystemError.check("fstat", flash_file_size(arenaFile.rawValue)))
        let invalid = SystemError(call: "adopt", code: 22, context: "not the memory of a topology")
        guard arenaSize > Int(flash_arena_heap_offset()) else { throw invalid }
        let base = try map(arenaFile.rawValue, size: arenaSize).assumingMemoryBound(to: flash_arena.self)
        let header = base.pointee
        guard header.magic == FLASH_ARENA_MAGIC, header.size == UInt64(arenaSize),
            header.frame_size == 2048 || header.frame_size == 4096,
            header.frame_count > 0, header.frame_count <= UInt64(memorySize) / header.frame_size,
            header.frame_ports == flash_arena_heap_offset(),
            header.frame_pool == header.frame_ports + UInt64(roundUp(Int(header.frame_count) * 2, to: 4096)),
            header.heap == header.frame_pool + UInt64(roundUp(Int(header.frame_count), to: 4096)),
            header.heap < UInt64(arenaSize)
        else {
            _ = flash_unmap(base, arenaSize)
            throw invalid
        }
        let memory = try map(memoryFile.rawValue, size: memorySize)
        let datapath = SharedDatapath(
            memoryFile: memoryFile, arenaFile: arenaFile, memory: memory, memorySize: memorySize, base: base,
            header: header, arenaSize: arenaSize)
        datapath.collectFreeFrames()
        return datapath
    }

    private init(
        memoryFile: consuming OwnedDescriptor, arenaFile: consuming OwnedDescriptor, memory: UnsafeMutableRawPointer,
        memorySize: Int, base: UnsafeMutablePointer<flash_arena>, header: flash_arena, arenaSize: Int
    ) {
        self.memoryFile = DescriptorBox(memoryFile)
        self.arenaFile = DescriptorBox(arenaFile)
        self.memory = memory
        self.memorySize = memorySize
        self.arenaSize = arenaSize
        arena = Arena(base: base, header: header, memory: memory)
        frameCount = arena.frameCount
        frameSize = Int(arena.frameSize)
        framePool = arena.at(header.frame_pool, as: UInt8.self)
        heapStart = Int(header.heap)
        heap = ExtentAllocator(start: heapStart, size: arenaSize - heapStart)
    }

    deinit {
        _ = flash_unmap(memory, memorySize)
        _ = flash_unmap(arena.base, arenaSize)
    }

    private static func map(_ file: Int32, size: Int) throws(SystemError) -> UnsafeMutableRawPointer {
        var address: UnsafeMutableRawPointer?
        try SystemError.check("mmap", flash_map_aligned(file, size, &address), context: "\(size) bytes")
        guard let address else { throw SystemError(call: "mmap", code: 22) }
        return address
    }

    static func roundUp(_ value: Int, to unit: Int) -> Int { (value + unit - 1) / unit * unit }

    func collectFreeFrames() {
        freeFrames = (0..<frameCount).reversed().filter { framePool[$0] == 1 }.map(UInt32.init)
    }
}

/// What the daemon knows of a thread beside what stands in the arena.
struct ThreadRecord {
    var event: DescriptorBox
    /// Where its table lies, and where the one before it, which may still be read until `generation` is acknowledged.
    var table: Range<Int>?
    var retired: Range<Int>?
    var generation: UInt32 = 0
}

struct RingRecord {
    var slots: Range<Int>
    var capacity: Int
    var writer: Int
    var reader: Int
    var number: Int
}

struct PortRecord {
    var pool: Range<Int>
    var mapping: QueueMapping
    var number: Int
    var redirects: Bool
}

/// Why the shared datapath cannot do what it is asked for.
package enum DatapathError: Error, Hashable, Sendable {
    case system(SystemError)
    /// All threads, rings or ports of an arena are in use.
    case exhausted(what: String, limit: Int)
    case frames(needed: Int, free: Int)
    /// A ring or port is still used, or was never made.
    case invalid(String)
}
