// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

extension GraphChecks {
    /// Queue i of an interface goes to thread i modulo threads: where nothing else feeds an NF, threads above the number
    /// of queues have no work.
    func checkThreads() {
        var busyThreads: [Int: Set<Int>] = [:]
        var fedByOthers: Set<Int> = mentions.functions
        for path in table.paths {
            for (place, stop) in path.stops.enumerated() {
                guard place == 0, case .queues(let interface, let queues) = path.head,
                    let threads = names.functions[stop.function].function?.threads
                else {
                    fedByOthers.insert(stop.function)
                    continue
                }
                let read = Set(queues)
                for (index, queue) in names.interfaces[interface].interface.queues.enumerated()
                where read.contains(queue) {
                    busyThreads[stop.function, default: []].insert(index % threads)
                }
            }
        }
        for (function, fed) in busyThreads where !fedByOthers.contains(function) {
            let declared = names.functions[function]
            guard let threads = declared.function?.threads, fed.count < threads else { continue }
            log.add(
                .idleThreads, "\(fed.count) of \(threads) threads of \(quoted(declared.name)) get packets",
                at: (declared.value["threads"] ?? declared.value).range,
                help: "queue i goes to thread i modulo threads, and nothing else feeds this NF")
        }
    }
}
