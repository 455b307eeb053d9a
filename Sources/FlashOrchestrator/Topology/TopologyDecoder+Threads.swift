// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

extension TopologyDecoder {
    func check(threadsOf functions: [DeclaredFunction]) {
        for function in functions {
            checkCPUs(of: function)
        }
        checkBusyThreads(functions.filter { $0.function != nil })
        checkSharing(functions.filter { $0.function != nil })
    }

    private func checkCPUs(of declared: DeclaredFunction) {
        guard let list = declared.value["cpus"], let values = list.list else { return }
        if let online = machine.cpus {
            for value in values {
                guard let cpu = value.integer, !online.contains(cpu) else { continue }
                log.add(
                    .unknownCPU, "no CPU \(cpu) on this machine", at: value.range,
                    help: "it has \(online.map(String.init).joined(separator: ", "))")
            }
        }
        let threads = declared.value["threads"].map(\.integer) ?? 1
        if let threads, values.count > threads {
            log.add(
                .unusedCPUs,
                "\(values.count) CPUs for \(threads) thread\(threads == 1 ? "" : "s"): the last stay unused",
                at: list.range)
        }
    }

    private func checkBusyThreads(_ functions: [DeclaredFunction]) {
        guard let online = machine.cpus else { return }
        let busy = functions.filter { $0.function?.wait == .busy }
        let count = busy.reduce(0) { $0 + ($1.function?.threads ?? 0) }
        guard count > online.count, let last = busy.last else { return }
        log.add(
            .moreBusyThreadsThanCPUs,
            "\(count) threads wait busily on \(online.count) CPU\(online.count == 1 ? "" : "s"): each slows the others down",
            at: (last.value["wait"] ?? last.value).range, help: "'wait: adaptive' spins for a while, then blocks")
    }

    /// One warning a CPU: a thread that never blocks there, and others beside it.
    private func checkSharing(_ functions: [DeclaredFunction]) {
        struct Use {
            var function: String
            var isBusy: Bool
            var range: SourceRange
        }
        var uses: [Int: [Use]] = [:]
        for declared in functions {
            guard let function = declared.function, let places = declared.value["cpus"]?.list, !places.isEmpty,
                places.count == function.cpus.count
            else { continue }
            for thread in 0..<function.threads {
                let index = thread % places.count
                uses[function.cpus[index], default: []].append(
                    Use(function: function.name, isBusy: function.wait == .busy, range: places[index].range))
            }
        }
        for (cpu, uses) in uses where uses.count > 1 {
            guard let busy = uses.first(where: \.isBusy), let last = uses.last else { continue }
            log.add(
                .busyThreadSharesCPU,
                "CPU \(cpu) has \(uses.count) threads, and the one of \(quoted(busy.function)) never blocks",
                at: last.range, help: "give it a CPU of its own, or 'wait: adaptive'")
        }
    }
}
