// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc
import Synchronization
import Testing

/// Lab hosts that a test makes, gone at its end.
struct TestLab: ~Copyable {
    let hosts: [Lab.Host]

    init(_ hosts: [Lab.Host]) throws {
        // What an interrupted run may have left.
        try? Lab.remove(hosts)
        try Lab.create(hosts)
        self.hosts = hosts
    }

    deinit {
        do {
            try Lab.remove(hosts)
        } catch {
            Issue.record("lab not removed: \(error)")
        }
    }
}

/// A raw socket on `eth0` of a lab host, which sends and gets frames of the ethertype for experiments.
struct PacketSocket: ~Copyable {
    static let etherType: UInt16 = 0x88B5
    private let descriptor: OwnedDescriptor

    init(namespace: String) throws {
        self.descriptor = try NetworkNamespace.run(in: namespace) { () throws(SystemError) in
            let device = try Device.find("eth0")
            let socket = OwnedDescriptor(
                taking: try SystemError.retry("socket") {
                    Glibc.socket(AF_PACKET, Int32(SOCK_RAW.rawValue), Int32(Self.etherType.bigEndian))
                })
            // struct sockaddr_ll, which the Glibc module does not have.
            var address = [UInt8](repeating: 0, count: 20)
            address.withUnsafeMutableBytes {
                $0.storeBytes(of: UInt16(AF_PACKET), as: UInt16.self)
                $0.storeBytes(of: Self.etherType.bigEndian, toByteOffset: 2, as: UInt16.self)
                $0.storeBytes(of: device.index, toByteOffset: 4, as: UInt32.self)
            }
            try SystemError.retry("bind") {
                address.withUnsafeBytes {
                    bind(socket.rawValue, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
                }
            }
            return socket
        }
    }

    /// A frame to all, 60 bytes, filled with `mark`.
    static func frame(mark: UInt8) -> [UInt8] {
        var frame = [UInt8](repeating: 0xFF, count: 6) + [2, 0, 0, 0, 0, 1]
        frame += [UInt8(truncatingIfNeeded: etherType >> 8), UInt8(truncatingIfNeeded: etherType)]
        return frame + [UInt8](repeating: mark, count: 60 - frame.count)
    }

    func send(_ frame: [UInt8]) throws {
        try SystemError.retry("send") { Glibc.send(descriptor.rawValue, frame, frame.count, 0) }
    }

    /// The next frame that arrives within a second.
    func receive() throws -> [UInt8]? {
        guard try awaitReadable(descriptor.rawValue) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 2048)
        let length = try SystemError.retry("recv") { recv(descriptor.rawValue, &bytes, bytes.count, 0) }
        return Array(bytes[..<length])
    }
}

/// Whether a descriptor becomes readable within a second.
func awaitReadable(_ descriptor: Int32) throws -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return try SystemError.retry("poll") { poll(&entry, 1, 1000) } > 0
}

/// Memory for frames of 2048 bytes, mapped from a memfd as the daemon does.
final class TestMemory {
    let address: UnsafeMutableRawPointer
    let size: Int

    init(frames: Int = 256) throws {
        size = frames * 2048
        let file = try OwnedDescriptor.memory(name: "flh", size: size)
        let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.rawValue, 0)
        address = try #require(mapped == MAP_FAILED ? nil : mapped)
    }

    deinit { munmap(address, size) }

    var registration: XDPSocket.Memory { .register(address, size: size, frameSize: 2048) }

    func bytes(_ descriptor: (address: UInt64, length: Int)) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: address + Int(descriptor.address), count: descriptor.length))
    }
}

/// One ring of a socket, worked by hand.
final class HandRing {
    private let base: UnsafeMutableRawPointer
    private let geometry: KernelRingGeometry

    init(_ geometry: KernelRingGeometry, of socket: Int32) throws {
        let mapped = mmap(
            nil, Int(geometry.length), PROT_READ | PROT_WRITE, MAP_SHARED | Int32(MAP_POPULATE), socket,
            Int(geometry.pageOffset))
        base = try #require(mapped == MAP_FAILED ? nil : mapped)
        self.geometry = geometry
    }

    deinit { munmap(base, Int(geometry.length)) }

    private func index(_ offset: UInt32) -> UnsafeMutablePointer<UInt32> {
        (base + Int(offset)).assumingMemoryBound(to: UInt32.self)
    }

    private func entry(_ number: UInt32, size: Int) -> UnsafeMutableRawPointer {
        base + Int(geometry.descriptors) + Int(number & (geometry.size - 1)) * size
    }

    var available: Int {
        atomicMemoryFence(ordering: .acquiringAndReleasing)
        return Int(index(geometry.producer).pointee &- index(geometry.consumer).pointee)
    }

    /// For the fill ring.
    func put(address: UInt64) {
        let producer = index(geometry.producer)
        entry(producer.pointee, size: 8).storeBytes(of: address, as: UInt64.self)
        atomicMemoryFence(ordering: .acquiringAndReleasing)
        producer.pointee &+= 1
    }

    /// For the TX ring.
    func put(address: UInt64, length: Int) {
        let producer = index(geometry.producer)
        let entry = entry(producer.pointee, size: 16)
        entry.storeBytes(of: address, as: UInt64.self)
        entry.storeBytes(of: UInt64(length), toByteOffset: 8, as: UInt64.self)
        atomicMemoryFence(ordering: .acquiringAndReleasing)
        producer.pointee &+= 1
    }

    /// For the RX ring.
    func take() -> (address: UInt64, length: Int)? {
        guard available > 0 else { return nil }
        let consumer = index(geometry.consumer)
        let entry = entry(consumer.pointee, size: 16)
        let taken = (entry.load(as: UInt64.self), Int(entry.load(fromByteOffset: 8, as: UInt32.self)))
        atomicMemoryFence(ordering: .acquiringAndReleasing)
        consumer.pointee &+= 1
        return taken
    }
}

/// A socket with its rings mapped, and frames given to the kernel to receive into.
final class HandSocket {
    let memory: TestMemory
    let descriptor: Int32
    private let socket: XDPSocket
    private let receiveRing: HandRing
    private let transmitRing: HandRing
    private let fillRing: HandRing
    private let completionRing: HandRing

    init(_ socket: consuming XDPSocket, memory: TestMemory, firstFrame: Int = 0, frames: Int = 32) throws {
        let (descriptor, rings) = (socket.descriptor.rawValue, socket.rings)
        receiveRing = try HandRing(rings.receive, of: descriptor)
        transmitRing = try HandRing(rings.transmit, of: descriptor)
        fillRing = try HandRing(rings.fill, of: descriptor)
        completionRing = try HandRing(rings.completion, of: descriptor)
        self.descriptor = descriptor
        self.memory = memory
        self.socket = socket
        for frame in firstFrame..<(firstFrame + frames) { fillRing.put(address: UInt64(frame * 2048)) }
    }

    /// The next frame that arrives within a second.
    func receive() throws -> (address: UInt64, length: Int)? {
        guard try awaitReadable(descriptor) else { return nil }
        return receiveRing.take()
    }

    func send(_ frame: (address: UInt64, length: Int)) throws {
        transmitRing.put(address: frame.address, length: frame.length)
        // EAGAIN: the driver was busy.
        while sendto(descriptor, nil, 0, Int32(MSG_DONTWAIT), nil, 0) < 0 {
            try #require(errno == EAGAIN || errno == EBUSY || errno == ENOBUFS)
        }
    }

    var completed: Int { completionRing.available }
}
