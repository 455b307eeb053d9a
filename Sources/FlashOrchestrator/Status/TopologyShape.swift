// SPDX-License-Identifier: Apache-2.0

/// The JSON shape of `flash-orch graph -o json`, version 1: a topology with every default and every link written out.
package enum TopologyShape {
    package static func value(_ topology: Topology, programs: ProgramSet) -> JSONValue {
        var outputs: [String: [String]] = [:]
        for function in topology.functions {
            outputs[function.name] =
                programs[function.program]?.outputNames(configuration: function.configuration) ?? []
        }
        let names = LinkNames(outputs: outputs)
        var memory: [String: JSONValue] = ["frame_size": .integer(topology.memory.frameSize)]
        if let frames = topology.memory.frames { memory["frames"] = .integer(frames) }
        return .object([
            "version": .integer(1),
            "name": .string(topology.name),
            "datapath": .string(topology.datapath.rawValue),
            "umem": .object(memory),
            "interfaces": .array(topology.interfaces.map(value)),
            "nfs": .array(topology.functions.map { value($0, outputs: outputs[$0.name] ?? []) }),
            "links": .array(topology.links.map { value($0, names) }),
            "hosts": .array(topology.lab.map(value)),
        ])
    }

    private static func value(_ interface: Interface) -> JSONValue {
        .object([
            "name": .string(interface.name), "device": .string(interface.device),
            "queues": .array(interface.queues.map(JSONValue.integer)), "mode": .string(interface.mode.rawValue),
            "zero_copy": .string(interface.zeroCopy.rawValue),
        ])
    }

    private static func value(_ function: Function, outputs: [String]) -> JSONValue {
        .object([
            "name": .string(function.name), "program": .string(function.program),
            "config": .object(function.configuration.values.mapValues(JSONValue.init)),
            "threads": .integer(function.threads), "cpus": .array(function.cpus.map(JSONValue.integer)),
            "wait": .string(function.wait.rawValue), "restart": .string(function.restart.rawValue),
            "outputs": .array(outputs.map(JSONValue.string)),
        ])
    }

    private static func value(_ link: Link, _ names: LinkNames) -> JSONValue {
        .object([
            "source": .string(names.text(of: link.source)), "target": .string(names.text(of: link.target)),
            "path": .string(names.path(of: link.source)),
        ])
    }

    private static func value(_ host: LabHost) -> JSONValue {
        .object([
            "name": .string(host.name), "interface": .string(host.interface), "address": .string(host.address),
        ])
    }
}
