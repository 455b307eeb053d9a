// SPDX-License-Identifier: Apache-2.0

extension TopologyDecoder {
    func hosts(_ file: DecodedValue) -> [DeclaredHost] {
        (file["lab"]?["hosts"]?.entries ?? []).map { entry in
            DeclaredHost(
                host: LabHost(
                    name: entry.key, interface: entry.value["interface"]?.text ?? "",
                    address: entry.value["address"]?.text ?? ""),
                keyRange: entry.keyRange, value: entry.value)
        }
    }

    func check(hosts: [DeclaredHost], interfaces: [DeclaredInterface]) {
        let names = Set(interfaces.map(\.name))
        var joined: [String: String] = [:]
        var addresses: [Substring: String] = [:]
        for host in hosts {
            if let interface = host.value["interface"], let name = interface.text {
                if !names.contains(name) {
                    log.add(
                        .unknownLabInterface, "no interface \(quoted(name)) in this file", at: interface.range,
                        help: nearest(to: name, in: interfaces.map(\.name)))
                } else if let other = joined.updateValue(host.host.name, forKey: name) {
                    log.add(
                        .labInterfaceUsedTwice, "host \(quoted(other)) is already joined to interface \(quoted(name))",
                        at: interface.range, help: "a veth pair has two ends; give this host an interface of its own")
                }
            }
            if let address = host.value["address"], let text = address.text,
                let other = addresses.updateValue(host.host.name, forKey: text.prefix { $0 != "/" })
            {
                log.add(
                    .duplicateAddress, "host \(quoted(other)) has the address \(text.prefix { $0 != "/" }) already",
                    at: address.range)
            }
        }
    }
}
