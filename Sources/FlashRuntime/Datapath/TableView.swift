// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// A thread's table, resolved to pointers of this process. Owned by the loop, which releases it.
struct TableView {
    private(set) var inputs: UnsafeMutablePointer<Input>
    private(set) var inputCount = 0
    private(set) var outputs: UnsafeMutablePointer<Output>
    /// Distinct outputs, in `outputs`.
    private(set) var outputCountInUse = 0
    /// Outputs that the program has; verdicts are below it.
    private(set) var outputCount: UInt32 = 0
    /// For each target of a route, its index in `outputs`.
    private(set) var targets: UnsafeMutablePointer<Int32>
    /// For each target of a route, what its descriptors get.
    private(set) var marks: UnsafeMutablePointer<Mark>
    /// The outputs of the batch at hand, by move.
    let moved: UnsafeMutablePointer<UnsafeMutablePointer<Output>>
    /// True where packets or room can come from the kernel.
    private(set) var hasSockets = false
    private var polls: UnsafeMutablePointer<pollfd>
    private var routes: UnsafeMutablePointer<flash_route>
    private var reach: UnsafeMutablePointer<Int32>

    /// How a packet is marked on its way to a target.
    struct Mark {
        let options: UInt32
        /// Counts the packets; nil where the ring that they go into does.
        let counter: UnsafeMutablePointer<flash_ring>?

        init(_ target: flash_target, arena: Arena) {
            options = target.options
            counter = target.counter != 0 ? arena.ring(target.counter &- 1) : nil
        }
    }

    /// A table without inputs.
    init() {
        self.init(inputs: 0, outputs: 0, targets: 0, routes: 0)
        polls[0] = pollfd(fd: -1, events: 0, revents: 0)
    }

    private init(inputs inputLimit: Int, outputs outputLimit: Int, targets targetLimit: Int, routes routeLimit: Int) {
        inputs = .allocate(capacity: max(inputLimit, 1))
        outputs = .allocate(capacity: max(outputLimit, 1))
        targets = .allocate(capacity: max(targetLimit, 1))
        marks = .allocate(capacity: max(targetLimit, 1))
        routes = .allocate(capacity: max(routeLimit, 1))
        reach = .allocate(capacity: max(inputLimit * outputLimit, 1))
        polls = .allocate(capacity: inputLimit + outputLimit + 1)
        moved = .allocate(capacity: PacketBatch.limit)
    }

    func release() {
        inputs.deallocate()
        outputs.deallocate()
        targets.deallocate()
        marks.deallocate()
        routes.deallocate()
        reach.deallocate()
        polls.deallocate()
        moved.deallocate()
    }

    /// Takes over the table that the thread's block names.
    init(thread: UnsafeMutablePointer<flash_thread>, arena: Arena, resources: WorkerResources) {
        let table = arena.at(thread.pointee.table, as: flash_table.self)
        let header = table.pointee
        let rawInputs = UnsafeMutableRawPointer(table + 1).assumingMemoryBound(to: flash_input.self)
        let inputTotal = Int(header.input_count)
        let rawRoutes = UnsafeMutableRawPointer(rawInputs + inputTotal).assumingMemoryBound(to: flash_route.self)
        let routeTotal = inputTotal * Int(header.output_count)
        let rawTargets = UnsafeMutableRawPointer(rawRoutes + routeTotal).assumingMemoryBound(to: flash_target.self)
        let targetTotal = Int(header.target_count)

        self.init(inputs: inputTotal, outputs: targetTotal, targets: targetTotal, routes: routeTotal)
        outputCount = header.output_count
        routes.update(from: rawRoutes, count: routeTotal)
        for target in 0..<targetTotal {
            targets[target] = Int32(outputIndex(of: rawTargets[target], arena: arena, resources: resources))
            (marks + target).initialize(to: Mark(rawTargets[target], arena: arena))
        }
        var reachNext = reach
        for input in 0..<inputTotal {
            let start = reachNext
            for route in 0..<Int(header.output_count) {
                let entry = routes[input * Int(header.output_count) + route]
                for target in Int(entry.first)..<Int(entry.first &+ entry.count) {
                    let isKnown = (0..<reachNext - start).contains { start[$0] == targets[target] }
                    if isKnown || targets[target] < 0 { continue }
                    reachNext.pointee = targets[target]
                    reachNext += 1
                }
            }
            let source = Input(
                rawInputs[input], arena: arena, resources: resources,
                routes: UnsafePointer(routes + input * Int(header.output_count)), reach: UnsafePointer(start),
                reachCount: reachNext - start)
            guard let source else { continue }
            (inputs + inputCount).initialize(to: source)
            inputCount += 1
        }
        polls[0] = pollfd(fd: resources.event(of: arena.index(of: thread)), events: Int16(POLLIN), revents: 0)
        hasSockets =
            (0..<inputCount).contains { inputs[$0].kind == .port }
            || (0..<outputCountInUse).contains { outputs[$0].isPort }
    }

    /// -1 where the worker was not given what the target needs.
    private mutating func outputIndex(of target: flash_target, arena: Arena, resources: WorkerResources) -> Int {
        let isPort = target.kind == UInt32(FLASH_KIND_PORT.rawValue)
        for index in 0..<outputCountInUse where outputs[index].isPort == isPort && outputs[index].index == target.index
        {
            return index
        }
        let output =
            isPort
            ? Output(port: target.index, arena: arena, resources: resources)
            : Output(ring: target.index, arena: arena, resources: resources)
        guard let output else { return -1 }
        (outputs + outputCountInUse).initialize(to: output)
        outputCountInUse += 1
        return outputCountInUse - 1
    }

    /// Puts a probe into each ring that nothing has passed yet.
    mutating func sendProbes() {
        for index in 0..<outputCountInUse where !outputs[index].isPort && outputs[index].producer == 0 {
            let output = outputs + index
            let slot = output.pointee.descriptors
            slot.pointee.length = 0
            slot.pointee.options = FLASH_OPTION_PROBE
            output.pointee.producer = 1
            flash_store_release(output.pointee.producerWord, 1)
            output.pointee.unannounced = 1
        }
    }

    /// Waits for the thread's event, for packets on queues that are awaited, and for room on sockets.
    ///
    /// - Parameter nanoseconds: at most this long; negative: without limit.
    /// - Returns: false where nothing of it has come.
    @discardableResult mutating func poll(blocked: Bool, nanoseconds: Int64) -> Bool {
        var count = 1
        for index in 0..<inputCount where inputs[index].kind == .port {
            let events = inputs[index].isAwaited ? POLLIN : 0
            polls[count] = pollfd(fd: inputs[index].socket, events: Int16(events), revents: 0)
            count += 1
        }
        for index in 0..<outputCountInUse where outputs[index].awaitsRoom(blocked: blocked) {
            polls[count] = pollfd(fd: outputs[index].socket, events: Int16(POLLOUT), revents: 0)
            count += 1
        }
        let ready = flash_poll(polls, count, nanoseconds)
        if ready > 0 && polls[0].revents & Int16(POLLIN) != 0 {
            var value: UInt64 = 0
            _ = read(polls[0].fd, &value, 8)
        }
        return ready > 0
    }
}
