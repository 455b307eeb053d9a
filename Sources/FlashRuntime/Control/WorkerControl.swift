// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// Why a worker did not do what it was asked for.
package enum WorkerError: Error, Hashable, Sendable, CustomStringConvertible {
    case system(SystemError)
    /// In the worker's words.
    case refused(String)
    case timedOut(milliseconds: Int)

    package var description: String {
        switch self {
        case .system(let error): return error.description
        case .refused(let reason): return reason
        case .timedOut(let milliseconds): return "no answer within \(milliseconds) ms"
        }
    }
}

/// The daemon's end of a worker's control socket. Each call sends one message and waits for its answer.
///
/// A worker answers that it has done something, or why not, and nothing else.
package final class WorkerControl {
    private let end: OwnedDescriptor
    private var sequence: UInt32
    /// How long a worker may take to answer.
    package var deadlineMilliseconds = 5_000
    /// Called again and again while an answer is long in coming: whoever waits may have others to look after.
    package var whileWaiting: () -> Void = {}
    /// Most answers come at once; in milliseconds.
    private static let waitingInterval = 20

    /// - Parameter end: the daemon's end of the pair whose other end the worker has as descriptor 3.
    package init(_ end: consuming OwnedDescriptor) {
        self.end = end
        // A daemon that takes over must not take an answer to its predecessor for its own.
        sequence = UInt32(truncatingIfNeeded: Clock.now())
    }

    /// Gives the worker its program, its threads and their memory. It does not run yet.
    package func start(
        program: String, configuration: ProgramConfiguration, threads: [ThreadID], memory: Int32, arena: Int32,
        acknowledgeEvent: Int32
    ) throws(WorkerError) {
        let file = try Self.file(of: configuration)
        try call(
            .start(program: program, threads: threads.map(\.rawValue)),
            descriptors: [memory, arena, acknowledgeEvent, file.rawValue])
    }

    /// - Parameters:
    ///   - socket: the queue's AF_XDP socket.
    ///   - kept: stay open with it: the XDP link, its maps.
    package func give(port: PortID, socket: Int32, kept: [Int32] = []) throws(WorkerError) {
        try call(.givePort(port.rawValue), descriptors: [socket] + kept)
    }

    /// - Precondition: the tables of the worker's threads name the port no more, acknowledged.
    package func drop(port: PortID) throws(WorkerError) {
        try call(.dropPort(port.rawValue))
    }

    package func give(peer: ThreadID, event: Int32) throws(WorkerError) {
        try call(.givePeer(peer.rawValue), descriptors: [event])
    }

    /// Has the worker give up what it does not need any more, and carry packets.
    package func run() throws(WorkerError) {
        try call(.run)
    }

    /// Returns when the worker has dealt with all that was sent to it, by whichever daemon.
    package func settle() throws(WorkerError) {
        try call(.settle)
    }

    package func reconfigure(_ configuration: ProgramConfiguration) throws(WorkerError) {
        let file = try Self.file(of: configuration)
        try call(.reconfigure, descriptors: [file.rawValue])
    }

    private func call(_ request: WorkerRequest, descriptors: [Int32] = []) throws(WorkerError) {
        sequence &+= 1
        let socket = ControlSocket(descriptor: end.rawValue)
        let message = request.encode(sequence: sequence)
        var patience = Patience(milliseconds: deadlineMilliseconds)
        var answer: WorkerReply?
        do throws(SystemError) {
            // A worker that reads nothing, or sends through the daemon's end itself, leaves no room.
            var isSent = try socket.send(message, descriptors: descriptors)
            while !isSent, let limit = wait(&patience) {
                try socket.wait(for: .room, milliseconds: limit)
                isSent = try socket.send(message, descriptors: descriptors)
            }
            while answer == nil, let limit = wait(&patience) {
                if try socket.wait(for: .message, milliseconds: limit) { answer = try reply(from: socket) }
            }
        } catch {
            throw .system(error)
        }
        guard let answer else { throw .timedOut(milliseconds: deadlineMilliseconds) }
        if let refusal = answer.refusal { throw .refused(refusal) }
    }

    /// The next message, if it answers the request sent last.
    private func reply(from socket: ControlSocket) throws(SystemError) -> WorkerReply? {
        let message: ControlSocket.Message?
        do throws(SystemError) {
            message = try socket.receive()
        } catch {
            // The worker has taken it back.
            if error.code == EAGAIN { return nil }
            throw error
        }
        guard let message else {
            throw SystemError(call: "recvmsg", code: ECONNRESET, context: "the worker has ended")
        }
        for descriptor in message.descriptors { close(descriptor) }
        guard let reply = WorkerReply.decode(message.bytes), reply.sequence == sequence else { return nil }
        return reply
    }

    /// How long a call has to go on, and when others were looked after last.
    private struct Patience {
        let deadline: UInt64
        var waitedAt = Clock.now()

        init(milliseconds: Int) { deadline = waitedAt + UInt64(milliseconds) * 1_000_000 }
    }

    /// How many milliseconds to wait at most before asking again; nil: the time is over. Looks after others in between, also
    /// where a worker never ceases to send something else.
    private func wait(_ patience: inout Patience) -> Int? {
        let now = Clock.now()
        guard now < patience.deadline else { return nil }
        if now - patience.waitedAt >= UInt64(Self.waitingInterval) * 1_000_000 {
            whileWaiting()
            patience.waitedAt = now
        }
        return min(Int((patience.deadline - now) / 1_000_000) + 1, Self.waitingInterval)
    }

    /// The configuration in a memory file of its own: a message has a limit, a rule list has none.
    private static func file(of configuration: ProgramConfiguration) throws(WorkerError) -> OwnedDescriptor {
        let bytes = ConfigurationCoding.encode(configuration)
        do throws(SystemError) {
            let file = try OwnedDescriptor.memory(name: "flash-configuration", size: bytes.count)
            try SystemError.check("pwrite", flash_write_all(file.rawValue, bytes, bytes.count))
            return file
        } catch { throw .system(error) }
    }
}
