// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// The NF threads of a worker, whatever they run.
protocol Crew: AnyObject {
    var arena: Arena { get }

    /// Starts the threads, confines the process, then lets them carry packets. Returns why not, or nil.
    func run() -> String?

    /// Returns why not, or nil.
    func reconfigure(_ configuration: ProgramConfiguration) -> String?
}

final class ThreadCrew<Driver: BatchDriver>: Crew {
    let arena: Arena
    private let threads: [UInt32]
    private let resources: WorkerResources
    private let mailboxes: [Mailbox<Driver>]
    private var programs: [Driver.Running]
    private let gate = Gate()
    private let carry: (ThreadLoop<Driver>) -> Void

    /// - Parameter carry: runs a thread's loop. It comes from where the driver is known as a type, since the methods of a
    ///   generic class are not specialised.
    init(
        threads: [UInt32], configuration: ProgramConfiguration, arena: Arena, resources: WorkerResources,
        carry: @escaping (ThreadLoop<Driver>) -> Void
    ) throws(ConfigurationError) {
        self.threads = threads
        self.arena = arena
        self.resources = resources
        self.carry = carry
        mailboxes = threads.map { _ in Mailbox() }
        programs = try Self.programs(configuration, count: threads.count)
    }

    private static func programs(
        _ configuration: ProgramConfiguration, count: Int
    ) throws(ConfigurationError) -> [Driver.Running] {
        let configuration = configuration.completed(for: Driver.Running.declaration)
        var programs: [Driver.Running] = []
        for index in 0..<count {
            programs.append(
                try Driver.Running(configuration: configuration, thread: ThreadPlace(index: index, count: count)))
        }
        return programs
    }

    func run() -> String? {
        guard !programs.isEmpty else { return "runs already" }
        for (position, thread) in threads.enumerated() {
            let block = arena.thread(thread)
            let loop = ThreadLoop(
                arena: arena, resources: resources, thread: block, index: thread, journal: Journal(block),
                counters: arena.counters(of: block), programCounters: arena.programCounters(of: block),
                mailbox: mailboxes[position], driver: Driver(programs[position]))
            if let refusal = startThread(loop) { return refusal }
        }
        programs = []
        do throws(SystemError) { try Confinement.enter() } catch { return "confinement: \(error)" }
        gate.open()
        return nil
    }

    func reconfigure(_ configuration: ProgramConfiguration) -> String? {
        do throws(ConfigurationError) {
            let programs = try Self.programs(configuration, count: threads.count)
            if !self.programs.isEmpty {
                self.programs = programs
                return nil
            }
            guard Mailbox.put(programs, into: mailboxes) else { return "still takes over the configuration before" }
            for thread in threads { resources.signal(resources.event(of: thread)) }
            return nil
        } catch {
            return "\(error.parameter): \(error.message)"
        }
    }

    /// Returns why not, or nil. The process ends with its last thread.
    private func startThread(_ loop: ThreadLoop<Driver>) -> String? {
        var identifier = pthread_t()
        gate.enter()
        let argument = Unmanaged.passRetained(
            ThreadStart { [gate, carry] in
                gate.wait()
                carry(loop)
                if gate.leave() { exit(0) }
            })
        let result = pthread_create(
            &identifier, nil,
            { argument in
                Unmanaged<ThreadStart>.fromOpaque(argument.unsafelyUnwrapped).takeRetainedValue().body()
                return nil
            }, argument.toOpaque())
        guard result != 0 else { return nil }
        argument.release()
        return "pthread_create: " + String(cString: strerror(result))
    }
}

/// What a new thread runs.
private final class ThreadStart {
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }
}

/// Holds the threads back until all is ready, and tells which of them is the last to leave.
private final class Gate: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isOpen = false
    private var inside = 0

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        mutex.deallocate()
        condition.deallocate()
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    func enter() { locked { inside += 1 } }

    func open() {
        locked {
            isOpen = true
            pthread_cond_broadcast(condition)
        }
    }

    func wait() {
        locked { while !isOpen { pthread_cond_wait(condition, mutex) } }
    }

    /// True for the last thread.
    func leave() -> Bool {
        locked {
            inside -= 1
            return inside == 0
        }
    }
}
