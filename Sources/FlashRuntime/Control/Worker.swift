// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// The worker process: descriptor 3 is its end of the control socket, 4 the daemon's end, kept open for a daemon to come.
///
/// Its main thread answers the daemon; its NF threads carry packets. It ends when its NF threads do (mode `stop`).
package enum Worker {
    package static let controlDescriptor: Int32 = 3

    /// Runs until the daemon stops it. Returns the exit status.
    package static func run() -> Int32 {
        let socket = ControlSocket(descriptor: controlDescriptor)
        var state = WorkerState()
        while true {
            do throws(SystemError) {
                try socket.wait(for: .message, milliseconds: nil)
                guard let message = try socket.receive() else { return 0 }
                let descriptors = message.descriptors
                guard let (sequence, request) = WorkerRequest.decode(message.bytes) else {
                    for descriptor in descriptors { close(descriptor) }
                    continue
                }
                let refusal = state.handle(request, descriptors: descriptors)
                if refusal != nil { for descriptor in descriptors { close(descriptor) } }
                let reply = WorkerReply(sequence: sequence, refusal: refusal)
                while try !socket.send(reply.encode()) { try socket.wait(for: .room, milliseconds: nil) }
            } catch {
                Log.write("control socket: \(error)")
                return 1
            }
        }
    }
}

/// What a worker writes for a person, one line each, to its log.
enum Log {
    static func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }
}

/// What the control thread knows.
private struct WorkerState {
    private var resources: WorkerResources?
    private var crew: (any Crew)?

    /// Returns why not, or nil.
    mutating func handle(_ request: WorkerRequest, descriptors: [Int32]) -> String? {
        switch request {
        case .start(let program, let threads):
            return start(program, threads: threads, descriptors: descriptors)
        case .givePort(let port):
            guard let resources, let crew, let socket = descriptors.first else { return "not started" }
            do throws(SystemError) {
                let mapping = try QueueMapping(socket: socket, port: crew.arena.port(UInt32(port)).pointee)
                resources.setQueue(mapping, descriptors: descriptors, of: UInt32(port))
            } catch { return "queue: \(error)" }
            return nil
        case .dropPort(let port):
            resources?.setQueue(nil, descriptors: [], of: UInt32(port))
            return nil
        case .givePeer(let thread):
            guard let resources, descriptors.count == 1 else { return "not started" }
            resources.setEvent(descriptors[0], of: UInt32(thread))
            return nil
        case .settle: return nil
        case .run:
            return crew?.run() ?? (crew == nil ? "not started" : nil)
        case .reconfigure:
            guard let crew, descriptors.count == 1 else { return "not started" }
            guard let configuration = Self.configuration(in: descriptors[0]) else { return "no configuration" }
            if let refusal = crew.reconfigure(configuration) { return refusal }
            close(descriptors[0])
            return nil
        }
    }

    private mutating func start(_ program: String, threads: [Int], descriptors: [Int32]) -> String? {
        guard crew == nil, descriptors.count == 4, !threads.isEmpty else { return "started twice, or with too little" }
        guard let configuration = Self.configuration(in: descriptors[3]) else { return "no configuration" }
        let arena: Arena
        do throws(SystemError) {
            let memory = try Self.map(descriptors[0])
            let base = try Self.map(descriptors[1]).assumingMemoryBound(to: flash_arena.self)
            guard base.pointee.magic == FLASH_ARENA_MAGIC else { return "the arena is of another version" }
            arena = Arena(base: base, header: base.pointee, memory: memory)
        } catch { return "memory: \(error)" }
        let resources = WorkerResources(acknowledgeEvent: descriptors[2])
        self.resources = resources
        var hiring = Hiring(
            threads: threads.map { UInt32($0) }, configuration: configuration, arena: arena, resources: resources)
        guard ProgramCatalog.visit(program, &hiring) else { return "there is no program '\(program)'" }
        crew = hiring.crew
        return hiring.refusal
    }

    private static func map(_ file: Int32) throws(SystemError) -> UnsafeMutableRawPointer {
        let size = try SystemError.check("fstat", flash_file_size(file))
        var address: UnsafeMutableRawPointer?
        try SystemError.check("mmap", flash_map_aligned(file, Int(size), &address))
        guard let address else { throw SystemError(call: "mmap", code: EINVAL) }
        return address
    }

    /// The file is small and was written before the message was sent; its offset stands at its beginning.
    private static func configuration(in file: Int32) -> ProgramConfiguration? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            bytes.append(contentsOf: chunk.prefix(count))
        }
        return ConfigurationCoding.decode(bytes)
    }
}

/// Makes the crew for a program, specialised for its type.
private struct Hiring: ProgramVisitor {
    let threads: [UInt32]
    let configuration: ProgramConfiguration
    let arena: Arena
    let resources: WorkerResources
    var crew: (any Crew)?
    var refusal: String?

    init(threads: [UInt32], configuration: ProgramConfiguration, arena: Arena, resources: WorkerResources) {
        self.threads = threads
        self.configuration = configuration
        self.arena = arena
        self.resources = resources
    }

    mutating func visit<P: NetworkFunction>(_ program: P.Type) { hire(FunctionDriver<P>.self) }
    mutating func visitSource<S: PacketSource>(_ source: S.Type) { hire(SourceDriver<S>.self) }

    private mutating func hire<Driver: BatchDriver>(_ driver: Driver.Type) {
        do throws(ConfigurationError) {
            crew = try ThreadCrew<Driver>(
                threads: threads, configuration: configuration, arena: arena, resources: resources
            ) { loop in
                var loop = loop
                loop.run()
            }
        } catch {
            refusal = "\(error.parameter): \(error.message)"
        }
    }
}
