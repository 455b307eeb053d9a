// SPDX-License-Identifier: Apache-2.0

package import YAMLBridge

/// From the text of a topology file to the topology.
package enum TopologyFile {
    /// - Parameters:
    ///   - text: the file's bytes, UTF-8.
    ///   - file: its path; the base name is the topology's name where the text gives none.
    ///   - variables: what `${NAME}` stands for; usually the environment.
    ///   - machine: what the file is checked against; `.unknown` checks the file alone.
    /// - Returns: the topology, nil where there is an error; and every fault and warning in the order of the text.
    package static func decode(
        text: [UInt8], file: String, variables: [String: String], machine: MachineFacts,
        programs: ProgramSet = .catalog
    ) -> (topology: Topology?, diagnostics: [Diagnostic]) {
        let (root, diagnostics) = YAMLDocument.parse(text, variables: variables)
        let log = FindingLog()
        let topology = root.flatMap {
            TopologyDecoder(programs: programs, machine: machine, log: log).decode($0, file: file)
        }
        let all = FindingLog.sorted(diagnostics + log.diagnostics)
        return (all.contains { $0.severity == .error } ? nil : topology, all)
    }
}
