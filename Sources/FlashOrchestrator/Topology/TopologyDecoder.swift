// SPDX-License-Identifier: Apache-2.0

package import YAMLBridge

/// Makes a topology of a YAML node, and collects every fault on the way. Each section is decoded whatever the others
/// hold; what depends on a faulty value is left out, so that one mistake gives one message.
package struct TopologyDecoder {
    let programs: ProgramSet
    let machine: MachineFacts
    let log: FindingLog
    let schemas: SchemaDecoder

    package init(programs: ProgramSet, machine: MachineFacts, log: FindingLog) {
        self.programs = programs
        self.machine = machine
        self.log = log
        schemas = SchemaDecoder(log: log)
    }

    /// - Parameter file: the file's path; its base name is the topology's name where the text gives none.
    /// - Returns: nil where there is an error.
    package func decode(_ root: YAMLNode, file: String) -> Topology? {
        let value = schemas.decode(
            root, as: .mapping(TopologySchema.file), label: SchemaDecoder.Label("the file"))
        guard !value.isFaulty else { return nil }

        let name = name(value, file: file)
        let datapath = datapath(value["datapath"])
        let memory = memory(value["umem"])
        let hosts = hosts(value)
        let interfaces = interfaces(value["interfaces"], hosts: hosts)
        let isFrameSizeFaulty = value["umem"]?.isFaulty == true || value["umem"]?["frame_size"]?.isFaulty == true
        let functions = functions(value["nfs"], frameSize: isFrameSizeFaulty ? nil : memory.frameSize)
        checkNames(interfaces: interfaces, functions: functions)
        check(hosts: hosts, interfaces: interfaces)
        check(
            interfaces: interfaces, hosts: hosts, topology: name, isLabFaulty: value["lab"]?.isFaulty == true)
        check(threadsOf: functions)
        let links = links(value, interfaces: interfaces, functions: functions)

        guard !log.hasErrors, let name, let links else { return nil }
        return Topology(
            name: name, datapath: datapath, memory: memory,
            interfaces: interfaces.map(\.interface).sorted { $0.name < $1.name },
            functions: functions.compactMap(\.function).sorted { $0.name < $1.name },
            links: links,
            lab: hosts.map(\.host).sorted { $0.name < $1.name })
    }

    private func name(_ value: DecodedValue, file: String) -> String? {
        if let given = value["name"] { return given.text }
        var base = file.split(separator: "/").last.map(String.init) ?? ""
        for suffix in [".yaml", ".yml"] where base.hasSuffix(suffix) {
            base.removeLast(suffix.count)
            break
        }
        if let name = TextRule.topologyName.canonical(base) { return name }
        let start = value.range.start
        log.add(
            .badFileName, "the file's name \(quoted(base)) cannot be the topology's name",
            at: SourceRange(start: start, end: start),
            help: "add 'name:', \(TextRule.topologyName.expectation)")
        return nil
    }

    private func datapath(_ value: DecodedValue?) -> DatapathChoice {
        guard let value, let choice = value.text.flatMap(DatapathChoice.init(rawValue:)) else { return .auto }
        if choice == .flash, machine.hasFlashKernel == false {
            log.add(
                .noFlashKernel, "this kernel has no flash datapath", at: value.range,
                help: "'datapath: auto' takes flash where the kernel has it, else shared")
        }
        return choice
    }

    private func memory(_ value: DecodedValue?) -> MemoryRequest {
        MemoryRequest(
            frames: value?["frames"]?.integer,
            frameSize: value?["frame_size"]?.integer ?? MemoryRequest().frameSize)
    }

    /// Interfaces and NFs share one name space: a link may name either.
    private func checkNames(interfaces: [DeclaredInterface], functions: [DeclaredFunction]) {
        let places = Dictionary(interfaces.map { ($0.name, $0.keyRange) }) { first, _ in first }
        for function in functions {
            guard let other = places[function.name] else { continue }
            let later = max(function.keyRange.start, other.start) == other.start ? other : function.keyRange
            log.add(
                .duplicateName, "\(quoted(function.name)) is the name of an interface and of an NF", at: later,
                help: "links name both, so that each needs a name of its own")
        }
    }
}
