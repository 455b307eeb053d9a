// SPDX-License-Identifier: Apache-2.0

/// What the daemon asks of a worker; one message each, answered by one `WorkerReply`.
enum WorkerRequest: Hashable {
    /// Descriptors: UMEM, arena, acknowledge event, configuration.
    case start(program: String, threads: [Int])
    /// Descriptors: the AF_XDP socket, then what is to stay open with it.
    case givePort(Int)
    case dropPort(Int)
    /// Descriptor: the eventfd that thread sleeps on.
    case givePeer(Int)
    /// Everything is there: confine yourself and carry packets.
    case run
    /// Descriptor: the new configuration.
    case reconfigure
    /// The answer says that all requests before are dealt with.
    case settle

    func encode(sequence: UInt32) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(sequence)
        switch self {
        case .start(let program, let threads):
            writer.write(UInt32(0))
            writer.write(program)
            writer.write(UInt32(threads.count))
            for thread in threads { writer.write(thread) }
        case .givePort(let port):
            writer.write(UInt32(1))
            writer.write(port)
        case .dropPort(let port):
            writer.write(UInt32(2))
            writer.write(port)
        case .givePeer(let thread):
            writer.write(UInt32(3))
            writer.write(thread)
        case .run:
            writer.write(UInt32(4))
        case .reconfigure:
            writer.write(UInt32(5))
        case .settle:
            writer.write(UInt32(6))
        }
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) -> (sequence: UInt32, request: WorkerRequest)? {
        var reader = ByteReader(bytes)
        guard let sequence = reader.readUInt32(), let kind = reader.readUInt32() else { return nil }
        let request: WorkerRequest?
        switch kind {
        case 0:
            guard let program = reader.readString(), let count = reader.readUInt32() else { return nil }
            var threads: [Int] = []
            for _ in 0..<count {
                guard let thread = reader.readInt() else { return nil }
                threads.append(thread)
            }
            request = .start(program: program, threads: threads)
        case 1: request = reader.readInt().map { .givePort($0) }
        case 2: request = reader.readInt().map { .dropPort($0) }
        case 3: request = reader.readInt().map { .givePeer($0) }
        case 4: request = .run
        case 5: request = .reconfigure
        case 6: request = .settle
        default: request = nil
        }
        guard let request, reader.isAtEnd else { return nil }
        return (sequence, request)
    }
}

/// A worker's answer.
struct WorkerReply: Hashable {
    var sequence: UInt32
    /// nil: done; else why not, for a person.
    var refusal: String?

    func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(sequence)
        writer.write(UInt32(refusal == nil ? 0 : 1))
        writer.write(refusal ?? "")
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) -> WorkerReply? {
        var reader = ByteReader(bytes)
        guard let sequence = reader.readUInt32(), let refused = reader.readUInt32(), let text = reader.readString(),
            reader.isAtEnd
        else { return nil }
        return WorkerReply(sequence: sequence, refusal: refused == 0 ? nil : text)
    }
}
