// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import Testing

@testable import FlashRuntime

@Suite struct WorkerControlTests {
    /// A worker that sends without end what nobody has asked for: the daemon has others to look after meanwhile.
    @Test func aFloodOfOtherAnswersKeepsNobodyElseWaiting() throws {
        let pair = try OwnedDescriptor.socketPair()
        let control = WorkerControl(try OwnedDescriptor.duplicate(pair.first.rawValue))
        let worker = pair.second.rawValue
        let flag = Flag()
        control.whileWaiting = { flag.set() }
        let thread = Thread {
            let socket = ControlSocket(descriptor: worker)
            guard let sequence = Self.request(from: socket) else { return }
            while !flag.isSet {
                let stale = WorkerReply(sequence: sequence &- 1, refusal: "stale")
                guard let isSent = try? socket.send(stale.encode()) else { return }
                if !isSent { _ = try? socket.wait(for: .room, milliseconds: 10) }
            }
            Self.answer(sequence, over: socket)
        }
        defer {
            flag.set()
            shutdown(pair.second.rawValue, Int32(SHUT_RDWR))
            thread.join()
        }
        try control.run()
        #expect(flag.isSet)
    }

    /// A worker that reads nothing, and has sent through the daemon's end until that has no room.
    @Test func aFullSocketIsWaitedForNoLongerThanAnAnswer() throws {
        let pair = try OwnedDescriptor.socketPair()
        let control = WorkerControl(try pair.first.duplicate())
        try Self.fill(pair.first.rawValue)
        var calls = 0
        control.whileWaiting = { calls += 1 }
        control.deadlineMilliseconds = 100
        #expect(throws: WorkerError.timedOut(milliseconds: 100)) { try control.run() }
        #expect(calls > 0)
    }

    @Test func aRequestIsSentOnceThereIsRoom() throws {
        let pair = try OwnedDescriptor.socketPair()
        let control = WorkerControl(try pair.first.duplicate())
        try Self.fill(pair.first.rawValue)
        let worker = pair.second.rawValue
        let flag = Flag()
        control.whileWaiting = { flag.set() }
        let thread = Thread {
            while !flag.isSet { usleep(1000) }
            let socket = ControlSocket(descriptor: worker)
            if let sequence = Self.request(from: socket) { Self.answer(sequence, over: socket) }
        }
        defer {
            flag.set()
            shutdown(worker, Int32(SHUT_RDWR))
            thread.join()
        }
        try control.run()
    }

    /// A worker has the daemon's end too, and may take an answer back that the daemon has just seen.
    @Test func nothingIsWaitedForThatIsNotThere() throws {
        let pair = try OwnedDescriptor.socketPair()
        #expect(throws: SystemError(call: "recvmsg", code: EAGAIN)) {
            _ = try ControlSocket(descriptor: pair.first.rawValue).receive()
        }
    }

    private static func fill(_ descriptor: Int32) throws {
        while try ControlSocket(descriptor: descriptor).send([UInt8](repeating: 0, count: 1024)) {}
    }

    /// The next message that is a request.
    private static func request(from socket: ControlSocket) -> UInt32? {
        while (try? socket.wait(for: .message, milliseconds: nil)) == true {
            guard let message = try? socket.receive() else { return nil }
            if let (sequence, _) = WorkerRequest.decode(message.bytes) { return sequence }
        }
        return nil
    }

    private static func answer(_ sequence: UInt32, over socket: ControlSocket) {
        _ = try? socket.wait(for: .room, milliseconds: nil)
        _ = try? socket.send(WorkerReply(sequence: sequence).encode())
    }
}

private final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }

    func set() { value.withLock { $0 = true } }
}

/// A thread that runs to its end.
private final class Thread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private var identifier = pthread_t()

    init(_ run: @escaping @Sendable () -> Void) {
        let result = pthread_create(
            &identifier, nil,
            { argument in
                Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(Body(run)).toOpaque())
        precondition(result == 0)
    }

    func join() { pthread_join(identifier, nil) }
}
