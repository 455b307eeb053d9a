// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

extension SharedDatapath {
    /// Writes a table and names it in the thread's block. Returns its generation, which the thread acknowledges.
    ///
    /// - Precondition: the worker has been given what the table names; the generation before has been acknowledged, or the
    ///   thread does not run.
    package func setTable(_ table: ThreadTable, of thread: ThreadID) throws(DatapathError) -> UInt32 {
        guard var record = threads[thread.rawValue] else { throw .invalid("no thread \(thread.rawValue)") }
        let outputCount = table.inputs.map(\.routes.count).max() ?? 0
        let targetCount = table.inputs.reduce(0) { $0 + $1.routes.reduce(0) { $0 + $1.count } }
        let size =
            MemoryLayout<flash_table>.stride + table.inputs.count * MemoryLayout<flash_input>.stride
            + table.inputs.count * outputCount * MemoryLayout<flash_route>.stride
            + targetCount * MemoryLayout<flash_target>.stride
        if let retired = record.retired { heap.release(retired) }
        record.retired = nil
        guard let range = heap.allocate(size) else { throw .exhausted(what: "bytes for tables", limit: arenaSize) }

        let header = arena.at(UInt64(range.lowerBound), as: flash_table.self)
        header.pointee = flash_table(
            size: UInt32(size), input_count: UInt32(table.inputs.count), output_count: UInt32(outputCount),
            target_count: UInt32(targetCount))
        let inputs = UnsafeMutableRawPointer(header + 1).assumingMemoryBound(to: flash_input.self)
        let routes = UnsafeMutableRawPointer(inputs + table.inputs.count).assumingMemoryBound(to: flash_route.self)
        let targets = UnsafeMutableRawPointer(routes + table.inputs.count * outputCount)
            .assumingMemoryBound(to: flash_target.self)
        var nextTarget = 0
        for (index, input) in table.inputs.enumerated() {
            inputs[index] = flash_input(input.source)
            for output in 0..<outputCount {
                let route = output < input.routes.count ? input.routes[output] : []
                routes[index * outputCount + output] = flash_route(
                    first: UInt32(nextTarget), count: UInt32(route.count))
                for target in route {
                    targets[nextTarget] = flash_target(target)
                    nextTarget += 1
                }
            }
        }

        let block = arena.thread(UInt32(thread.rawValue))
        record.generation = record.generation == .max ? 1 : record.generation + 1
        record.retired = record.table
        record.table = range
        threads[thread.rawValue] = record
        flash_store_relaxed64(&block.pointee.table, UInt64(range.lowerBound))
        flash_store_release(&block.pointee.generation, record.generation)
        wake(thread)
        return record.generation
    }
}

extension flash_input {
    fileprivate init(_ source: ThreadTable.Source) {
        switch source {
        case .ring(let ring): self.init(kind: UInt32(FLASH_KIND_RING.rawValue), index: UInt32(ring.rawValue))
        case .port(let port): self.init(kind: UInt32(FLASH_KIND_PORT.rawValue), index: UInt32(port.rawValue))
        case .frames(let ring): self.init(kind: UInt32(FLASH_KIND_GENERATE.rawValue), index: UInt32(ring.rawValue))
        }
    }
}

extension flash_target {
    fileprivate init(_ target: ThreadTable.Target) {
        switch target {
        case .ring(let ring):
            self.init(
                kind: UInt32(FLASH_KIND_RING.rawValue), index: UInt32(ring.rawValue), options: 0, counter: 0)
        case .port(let port):
            self.init(
                kind: UInt32(FLASH_KIND_PORT.rawValue), index: UInt32(port.rawValue), options: 0, counter: 0)
        case .outlet(let port, let outlet, let counter):
            self.init(
                kind: UInt32(FLASH_KIND_PORT.rawValue), index: UInt32(port.rawValue),
                options: UInt32(outlet) << UInt32(FLASH_OPTION_OUTLET_SHIFT), counter: UInt32(counter.rawValue) + 1)
        }
    }
}
