// SPDX-License-Identifier: Apache-2.0

internal import FlashRuntime
internal import Glibc

/// What `apply` would do on a machine where no topology runs: known without a daemon, and to everybody.
package enum FirstPlan {
    /// - Returns: nil where topologies of an earlier daemon may run, or it cannot be seen whether they do.
    /// - Throws: as `DaemonService.plan`.
    package static func make(
        _ topology: Topology, diagnostics: [ServiceDiagnostic], folder: RuntimeFolder
    ) throws(ServiceError) -> PlanReply? {
        guard access(folder.path, R_OK | X_OK) == 0 ? folder.recordedTopologies().isEmpty : errno == ENOENT else {
            return nil
        }
        let plan: Plan
        do throws(PlanError) {
            plan = try Planner.plan(
                desired: topology, observed: Observed(), surroundings: .current(held: [:], asRoot: true))
        } catch {
            throw ServiceError(error)
        }
        return PlanReply(
            name: topology.name, datapath: plan.datapath.rawValue, plan: plan, diagnostics: diagnostics)
    }
}

extension Surroundings {
    /// Those of this machine.
    ///
    /// - Parameters:
    ///   - held: devices that other running topologies hold, and which.
    ///   - asRoot: what the daemon may do, not this process.
    static func current(held: [String: String], asRoot: Bool = false) -> Surroundings {
        let facts = MachineFacts.current()
        return Surroundings(
            devices: (facts.devices ?? [:]).mapValues(\.receiveQueues),
            namespaces: Set(SystemFile.names(in: "/run/netns")), held: held,
            flashKernel: asRoot && facts.hasFlashKernel == true ? .usable : FlashKernel.support()
        ) { ProgramCatalog.declaration(of: $0) }
    }
}
