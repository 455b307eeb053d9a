// SPDX-License-Identifier: Apache-2.0

import CFlashRuntime

@testable import FlashRuntime

/// A file in memory with the rings of an AF_XDP socket; the test is the kernel. poll() always says that there is something to
/// read.
final class FileSocket {
    /// Four rings of 64 entries, one behind the other.
    static let rings: QueueRings = {
        let rings = (0..<4).map { number in
            KernelRingGeometry(
                pageOffset: UInt64(number) * 8192, length: 8192, producer: 0, consumer: 64, flags: 128,
                descriptors: 192, size: 64)
        }
        return QueueRings(receive: rings[0], transmit: rings[1], fill: rings[2], completion: rings[3])
    }()

    private let file: OwnedDescriptor
    var descriptor: Int32 { file.rawValue }

    init() throws {
        file = OwnedDescriptor(taking: try SystemError.check("memfd_create", flash_memory("queue", 4 * 8192)))
    }
}
