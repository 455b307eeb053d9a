// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
internal import Glibc
internal import Synchronization

/// The one thread that owns all state of the daemon. It waits for the ends of workers, for their threads'
/// acknowledgements, for requests and for points in time; and it goes on dealing with these while it carries out a
/// plan.
final class Supervisor: Sendable {
    enum Kind {
        /// Looks at the state; also done while a plan is carried out.
        case reading
        /// Changes the state: one at a time.
        case change
    }

    private struct Request {
        var kind: Kind
        var body: @Sendable (DaemonState) -> Void
    }

    private struct Inbox: ~Copyable {
        var requests: [Request] = []
        var isClosed = false
        var hasEnded = false
        /// Who waits for the thread's end.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let inbox = Mutex(Inbox())
    private let wakeup: OwnedDescriptor

    /// Starts the thread.
    ///
    /// - Parameter makeState: called on it.
    init(_ makeState: @escaping @Sendable () -> DaemonState) throws(SystemError) {
        wakeup = try OwnedDescriptor.event()
        try DetachedThread.start(stackSize: 8 << 20) { [self] in
            run(makeState())
            let waiting = inbox.withLock { inbox in
                inbox.hasEnded = true
                return inbox.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    /// Runs `body` on the thread.
    func perform<Value: Sendable>(
        _ kind: Kind, _ body: @escaping @Sendable (DaemonState) throws(ServiceError) -> Value
    ) async throws(ServiceError) -> Value {
        let result: Result<Value, ServiceError> = await withCheckedContinuation { continuation in
            let request = Request(kind: kind) { state in
                do throws(ServiceError) {
                    continuation.resume(returning: .success(try body(state)))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
            let isAccepted = inbox.withLock { inbox in
                if inbox.isClosed { return false }
                inbox.requests.append(request)
                return true
            }
            if isAccepted {
                signal()
            } else {
                continuation.resume(returning: .failure(ServiceError(.stopping, "the daemon is ending")))
            }
        }
        return try result.get()
    }

    /// Takes no more requests, and returns when those that it has are done and the thread has let go of the state.
    func close() async {
        inbox.withLock { $0.isClosed = true }
        signal()
        await withCheckedContinuation { continuation in
            let hasEnded = inbox.withLock { inbox in
                if !inbox.hasEnded { inbox.waiting.append(continuation) }
                return inbox.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func run(_ state: DaemonState) {
        state.pump = { [unowned state] in self.pump(state, milliseconds: $0, kinds: [.reading]) }
        while !isFinished { pump(state, milliseconds: 60_000, kinds: [.reading, .change]) }
    }

    private var isFinished: Bool { inbox.withLock { $0.isClosed && $0.requests.isEmpty } }

    private func signal() {
        var one: UInt64 = 1
        _ = write(wakeup.rawValue, &one, 8)
    }

    /// Waits until something happens, and deals with it.
    private func pump(_ state: DaemonState, milliseconds: Int, kinds: Set<Kind>) {
        let hasWork = inbox.withLock { inbox in inbox.requests.contains { kinds.contains($0.kind) } }
        var watched = [pollfd(fd: wakeup.rawValue, events: Int16(POLLIN), revents: 0)]
        let workers = state.runningWorkers
        watched += workers.map { pollfd(fd: $0.worker.process.descriptor, events: Int16(POLLIN), revents: 0) }
        let events = state.acknowledgeEvents
        watched += events.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let limit = hasWork ? 0 : min(milliseconds, state.millisecondsToNextTimer)
        let count = poll(&watched, nfds_t(watched.count), Int32(clamping: max(limit, 0)))

        if count > 0 {
            for index in watched.indices where index == 0 || index > workers.count {
                if watched[index].revents != 0 { drain(watched[index].fd) }
            }
            for (index, worker) in workers.enumerated() where watched[index + 1].revents != 0 {
                worker.host.workerEnded(worker.function, worker.worker)
            }
        }
        state.runTimers()
        serve(state, kinds: kinds)
    }

    private func serve(_ state: DaemonState, kinds: Set<Kind>) {
        while true {
            let next = inbox.withLock { inbox -> Request? in
                guard let index = inbox.requests.firstIndex(where: { kinds.contains($0.kind) }) else { return nil }
                return inbox.requests.remove(at: index)
            }
            guard let next else { return }
            next.body(state)
        }
    }

    private func drain(_ event: Int32) {
        var value: UInt64 = 0
        _ = read(event, &value, 8)
    }
}
