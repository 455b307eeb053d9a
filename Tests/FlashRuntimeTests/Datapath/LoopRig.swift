// SPDX-License-Identifier: Apache-2.0

import Glibc

@testable import FlashRuntime

/// NF threads of this process over a real arena: what a worker runs, without the worker.
final class LoopRig: @unchecked Sendable {
    let datapath: SharedDatapath
    let acknowledgeEvent: OwnedDescriptor
    let arena: Arena
    private(set) var threads: [ThreadID] = []
    private var running: [pthread_t] = []

    init(frames: Int = 4096) throws {
        datapath = try SharedDatapath.create(frameCount: frames, frameSize: 2048)
        acknowledgeEvent = try OwnedDescriptor.event()
        arena = datapath.arena
    }

    func addThread() throws -> ThreadID {
        let thread = try datapath.addThread()
        threads.append(thread)
        return thread
    }

    /// Starts `program` on a thread of the arena.
    func start<P: NetworkFunction>(_ program: P, on thread: ThreadID) throws {
        try start(FunctionDriver(program), on: thread)
    }

    /// - Parameter sockets: what the thread's tables name.
    func startSource<S: PacketSource>(
        _ source: S, on thread: ThreadID, sockets: [(port: PortID, socket: Int32)] = []
    ) throws {
        try start(SourceDriver(source), on: thread, sockets: sockets)
    }

    private func start<Driver: BatchDriver>(
        _ driver: Driver, on thread: ThreadID, sockets: [(port: PortID, socket: Int32)] = []
    ) throws {
        let resources = WorkerResources(acknowledgeEvent: try acknowledgeEvent.duplicate().take())
        for known in threads {
            resources.setEvent(
                try OwnedDescriptor.duplicate(datapath.event(of: known)).take(), of: UInt32(known.rawValue))
        }
        for (port, socket) in sockets {
            let mapping = try QueueMapping(socket: socket, port: arena.port(UInt32(port.rawValue)).pointee)
            resources.setQueue(mapping, descriptors: [], of: UInt32(port.rawValue))
        }
        let block = arena.thread(UInt32(thread.rawValue))
        let loop = ThreadLoop(
            arena: arena, resources: resources, thread: block, index: UInt32(thread.rawValue),
            journal: Journal(block), counters: arena.counters(of: block),
            programCounters: arena.programCounters(of: block),
            mailbox: Mailbox<Driver>(), driver: driver)
        var identifier = pthread_t()
        let body = Unmanaged.passRetained(
            Body {
                var loop = loop
                loop.run()
            })
        let result = pthread_create(
            &identifier, nil,
            { argument in
                Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        precondition(result == 0)
        running.append(identifier)
    }

    func setTable(_ table: ThreadTable, of thread: ThreadID) throws {
        let generation = try datapath.setTable(table, of: thread)
        until { self.datapath.acknowledged(thread) == generation }
    }

    /// Waits until something holds; the acknowledge event tells when to look again.
    func until(_ condition: () -> Bool) {
        while !condition() {
            var entry = pollfd(fd: acknowledgeEvent.rawValue, events: Int16(POLLIN), revents: 0)
            poll(&entry, 1, 1)
            var value: UInt64 = 0
            read(acknowledgeEvent.rawValue, &value, 8)
        }
    }

    func counters(_ thread: ThreadID) -> ThreadCounters {
        datapath.counters(thread, programCounters: ProgramCounters.capacity)
    }

    /// Ends all threads; afterwards the arena does not change any more.
    func stop() {
        for thread in threads { datapath.requestMode(.stop, of: thread) }
        for identifier in running { pthread_join(identifier, nil) }
        running = []
    }
}

private final class Body {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}
