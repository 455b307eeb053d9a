// SPDX-License-Identifier: Apache-2.0

/// How long the threads of an NF spin before they sleep.
///
/// A thread that spins on a CPU keeps the other threads from it that it waits for: `wait: adaptive` spins only where a thread
/// has a CPU for itself.
enum SpinBudget {
    /// About twice what it takes to wake a sleeper on another CPU, in nanoseconds.
    static let adaptive: UInt64 = 50_000

    /// - Parameters:
    ///   - functions: all NFs that run, `function` among them.
    ///   - cpuCount: of the machine.
    /// - Returns: nanoseconds for each thread; nil: for ever.
    static func budgets(of function: Function, among functions: [Function], cpuCount: Int) -> [UInt64?] {
        (0..<function.threads).map { thread in
            switch function.wait {
            case .busy: return nil
            case .sleep: return 0
            case .adaptive:
                let isAlone: Bool
                if function.cpus.isEmpty {
                    isAlone = functions.reduce(0) { $0 + $1.threads } <= cpuCount
                } else {
                    let cpu = function.cpus[thread % function.cpus.count]
                    isAlone = functions.reduce(0) { $0 + threads(of: $1, on: cpu) } <= 1
                }
                return isAlone ? adaptive : 0
            }
        }
    }

    private static func threads(of function: Function, on cpu: Int) -> Int {
        guard !function.cpus.isEmpty else { return 0 }
        return (0..<function.threads).count { function.cpus[$0 % function.cpus.count] == cpu }
    }
}
