// SPDX-License-Identifier: Apache-2.0

package import FlashRuntime

/// The topology file's keys, as data. What the keys mean together is checked by `TopologyDecoder`.
package enum TopologySchema {
    package static let version = 1
    /// Queue numbers are below this.
    package static let queueLimit = 1024
    package static let threads = 1...64
    /// CPU numbers are below this (the kernel's largest CONFIG_NR_CPUS).
    package static let cpuLimit = 8192
    /// Any number will do: rings take powers of two from the pool, and the rest stays in it. The upper bound is 16 GiB
    /// of frames of 4096 bytes.
    package static let frames = 256...4_194_304
    package static let frameSizes = [2048, 4096]

    package static let file = MappingSchema(
        [
            FieldSchema("version", .integer(version...version), isRequired: true, "version of the file's format, 1"),
            FieldSchema("name", .text(.topologyName), "name of the topology; the file's name where it is not given"),
            FieldSchema("datapath", .word(DatapathChoice.words), "what carries packets from NF to NF"),
            FieldSchema("umem", .mapping(memory), "packet memory; computed from the graph where it is not given"),
            FieldSchema(
                "interfaces", .named(.name, .mapping(interface)), "network devices, by the name they have in links"),
            FieldSchema("nfs", .named(.name, .mapping(function)), isRequired: true, "network functions, by name"),
            FieldSchema(
                "links", .list(of: .text(.any), count: 1...Int.max, isSet: false), isRequired: true,
                "paths, each like 'lan:0 -> firewall -> wan:0'"),
            FieldSchema("lab", .mapping(lab), "namespaces that stand for hosts, to try a chain without a NIC"),
        ], allowsExtensions: true)

    package static let memory = MappingSchema([
        FieldSchema("frames", .integer(frames), "number of frames, each holds one packet"),
        FieldSchema("frame_size", .integerChoice(frameSizes), "bytes of a frame"),
    ])

    package static let interface = MappingSchema([
        FieldSchema("device", .text(.device), isRequired: true, "name of the network device"),
        FieldSchema(
            "queues",
            .scalarOrList(
                scalar: .integer(1...queueLimit),
                list: .list(of: .integer(0...queueLimit - 1), count: 1...queueLimit, isSet: true)),
            "how many queues, from 0, or a list of their numbers; all of the device where it is not given"),
        FieldSchema("mode", .word(Interface.Mode.words), "where the XDP program runs: in the driver or behind it"),
        FieldSchema("zero_copy", .word(Interface.ZeroCopy.words), "whether the NIC writes into packet memory itself"),
    ])

    /// In the JSON Schema, where `config` depends on `program`.
    package static let functionDefinition = "nf"

    package static let function = MappingSchema(
        [
            FieldSchema("program", .text(.any), isRequired: true, "what the NF runs, one of 'flash-orch nf'"),
            FieldSchema("config", .dependent, "the program's parameters"),
            FieldSchema("threads", .integer(threads), "number of threads, 1 where it is not given"),
            FieldSchema(
                "cpus", .list(of: .integer(0...cpuLimit - 1), count: 1...threads.upperBound, isSet: false),
                "the CPU of each thread, in turn; the kernel chooses where it is not given"),
            FieldSchema(
                "wait", .word(Function.Wait.words), "what an idle thread does: spin, block, or first one then the other"
            ),
            FieldSchema("restart", .word(Function.Restart.words), "whether a worker that dies is replaced"),
        ], definition: functionDefinition)

    package static let lab = MappingSchema([
        FieldSchema("hosts", .named(.name, .mapping(host)), "hosts, by name")
    ])

    package static let host = MappingSchema([
        FieldSchema("interface", .text(.any), isRequired: true, "the interface that the host is joined to"),
        FieldSchema("address", .text(.ipAddressWithPrefix), isRequired: true, "the host's address, like 10.10.0.1/24"),
    ])

    /// What `config` of an NF that runs `program` looks like.
    package static func configuration(of program: ProgramDeclaration) -> MappingSchema {
        MappingSchema(
            noun: "parameter",
            program.parameters.map { parameter in
                FieldSchema(
                    parameter.name, schema(of: parameter.type),
                    isRequired: parameter.defaultValue == nil && !parameter.isOptional, parameter.summary)
            })
    }

    private static func schema(of type: ProgramDeclaration.ParameterType) -> ValueSchema {
        switch type {
        case .boolean: return .boolean
        case .integer(let range): return .integer(range)
        case .string: return .text(.any)
        case .choice(let words): return .word(words)
        case .macAddress: return .text(.macAddress)
        case .ipAddress: return .text(.ipAddress)
        case .list(let element, let count): return .list(of: schema(of: element), count: count, isSet: false)
        }
    }
}

extension CaseIterable where Self: RawRepresentable<String> {
    package static var words: [String] { allCases.map(\.rawValue) }
}
