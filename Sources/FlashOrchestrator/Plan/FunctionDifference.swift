// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// What changes in an NF that keeps its program and its threads, and whether its worker can take it while it runs.
struct FunctionDifference {
    private(set) var isLive = true
    private(set) var reason: String

    init(from old: Function, to new: Function, declaration: ProgramDeclaration?) {
        var reasons: [String] = []
        let names = Set(old.configuration.values.keys).union(new.configuration.values.keys).sorted()
        for name in names where old.configuration.values[name] != new.configuration.values[name] {
            let parameter = declaration?.parameters.first { $0.name == name }
            if parameter?.isLive == true {
                reasons.append("config.\(name) changes")
            } else {
                isLive = false
                reasons.append("config.\(name) changes, which a running \(new.program) does not take")
            }
        }
        if old.cpus != new.cpus {
            isLive = false
            reasons.append("cpus changes from \(old.cpus) to \(new.cpus)")
        }
        if old.wait != new.wait {
            reasons.append("wait changes from \(old.wait.rawValue) to \(new.wait.rawValue)")
        }
        if old.restart != new.restart {
            reasons.append("restart changes from \(old.restart.rawValue) to \(new.restart.rawValue)")
        }
        reason = reasons.isEmpty ? "it changes" : reasons.joined(separator: "; ")
    }
}
