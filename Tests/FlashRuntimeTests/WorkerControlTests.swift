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
            guard let message = try? socket.receive(),
                let (sequence, _) = WorkerRequest.decode(message.bytes)
            else { return }
            while !flag.isSet {
                let stale = WorkerReply(sequence: sequence &- 1, refusal: "stale")
                guard (try? socket.send(stale.encode())) != nil else { return }
            }
            try? socket.send(WorkerReply(sequence: sequence).encode())
        }
        defer {
            flag.set()
            shutdown(pair.second.rawValue, Int32(SHUT_RDWR))
            thread.join()
        }
        try control.run()
        #expect(flag.isSet)
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
