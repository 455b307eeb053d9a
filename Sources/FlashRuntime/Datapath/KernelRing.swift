// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// A mapped ring of an AF_XDP socket. The kernel writes one index, this side the other.
/// Source: Documentation/networking/af_xdp.rst.
struct KernelRing {
    let producer: UnsafeMutablePointer<UInt32>
    let consumer: UnsafeMutablePointer<UInt32>
    let flags: UnsafeMutablePointer<UInt32>
    let entries: UnsafeMutableRawPointer
    let mask: UInt32

    var needsWakeup: Bool { flash_load_relaxed(flags) & 1 != 0 }

    init(mapping: UnsafeMutableRawPointer, geometry: flash_kernel_ring) {
        producer = (mapping + Int(geometry.producer)).assumingMemoryBound(to: UInt32.self)
        consumer = (mapping + Int(geometry.consumer)).assumingMemoryBound(to: UInt32.self)
        flags = (mapping + Int(geometry.flags)).assumingMemoryBound(to: UInt32.self)
        entries = mapping + Int(geometry.descriptors)
        mask = geometry.size &- 1
    }

    /// Entries of the RX and TX rings.
    var descriptors: UnsafeMutablePointer<Packet> { entries.assumingMemoryBound(to: Packet.self) }

    /// Entries of the fill and completion rings.
    var addresses: UnsafeMutablePointer<UInt64> { entries.assumingMemoryBound(to: UInt64.self) }
}

/// The four rings of one AF_XDP socket as one process has them mapped. Unmapped with its owner.
final class QueueMapping: @unchecked Sendable {
    let socket: Int32
    let receive: KernelRing
    let transmit: KernelRing
    let fill: KernelRing
    let completion: KernelRing
    private let mappings: [(address: UnsafeMutableRawPointer, length: Int)]

    /// - Parameters:
    ///   - socket: borrowed; it stays open for as long as this value lives.
    ///   - port: says where the rings lie.
    init(socket: Int32, port: flash_port) throws(SystemError) {
        var mappings: [(address: UnsafeMutableRawPointer, length: Int)] = []
        func map(_ geometry: flash_kernel_ring) throws(SystemError) -> KernelRing {
            var address: UnsafeMutableRawPointer?
            let length = Int(truncatingIfNeeded: geometry.length)
            try SystemError.check("mmap", flash_map_ring(socket, geometry.page_offset, length, &address))
            guard let address else { throw SystemError(call: "mmap", code: 22) }
            mappings.append((address, length))
            return KernelRing(mapping: address, geometry: geometry)
        }
        self.socket = socket
        do throws(SystemError) {
            receive = try map(port.receive)
            transmit = try map(port.transmit)
            fill = try map(port.fill)
            completion = try map(port.completion)
        } catch {
            for mapping in mappings { _ = flash_unmap(mapping.address, mapping.length) }
            throw error
        }
        self.mappings = mappings
    }

    deinit {
        for mapping in mappings { _ = flash_unmap(mapping.address, mapping.length) }
    }
}
