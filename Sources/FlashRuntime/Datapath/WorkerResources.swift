// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// The descriptors of a worker, by what they are for. The control thread adds to it; a loop looks into it when it takes over
/// a table, which the daemon writes only after the worker has confirmed what the table needs.
final class WorkerResources: @unchecked Sendable {
    private let queues: UnsafeMutablePointer<Unmanaged<QueueMapping>?>
    private let events: UnsafeMutablePointer<Int32>
    private let acknowledgeEvent: Int32
    private var portDescriptors: [UInt32: [Int32]] = [:]

    /// - Parameter acknowledgeEvent: on which the daemon hears that a thread has done what it was asked.
    init(acknowledgeEvent: Int32) {
        self.acknowledgeEvent = acknowledgeEvent
        queues = .allocate(capacity: Int(FLASH_PORTS))
        queues.initialize(repeating: nil, count: Int(FLASH_PORTS))
        events = .allocate(capacity: Int(FLASH_THREADS))
        events.initialize(repeating: -1, count: Int(FLASH_THREADS))
    }

    deinit {
        for index in 0..<Int(FLASH_PORTS) { queues[index]?.release() }
        queues.deallocate()
        events.deallocate()
    }

    func queue(of port: UInt32) -> QueueMapping? {
        guard port < UInt32(FLASH_PORTS) else { return nil }
        return queues[Int(port)]?.takeUnretainedValue()
    }

    /// - Parameters:
    ///   - mapping: nil where the port is given up; its descriptors are closed.
    ///   - descriptors: closed when the port is given up.
    func setQueue(_ mapping: QueueMapping?, descriptors: [Int32], of port: UInt32) {
        guard port < UInt32(FLASH_PORTS) else { return }
        queues[Int(port)]?.release()
        queues[Int(port)] = mapping.map(Unmanaged.passRetained)
        for descriptor in portDescriptors[port] ?? [] { close(descriptor) }
        portDescriptors[port] = descriptors.isEmpty ? nil : descriptors
    }

    func event(of thread: UInt32) -> Int32 {
        thread < UInt32(FLASH_THREADS) ? events[Int(thread)] : -1
    }

    func setEvent(_ event: Int32, of thread: UInt32) {
        guard thread < UInt32(FLASH_THREADS) else { return }
        if events[Int(thread)] >= 0 { close(events[Int(thread)]) }
        events[Int(thread)] = event
    }

    func signal(_ event: Int32) {
        _ = flash_signal(event)
    }

    func acknowledge() { signal(acknowledgeEvent) }

    /// Blocks until the thread's event is signalled.
    func waitForEvent(of thread: UInt32) {
        var entry = pollfd(fd: event(of: thread), events: Int16(POLLIN), revents: 0)
        var value: UInt64 = 0
        if flash_poll(&entry, 1, -1) > 0 { _ = read(entry.fd, &value, 8) }
    }
}
