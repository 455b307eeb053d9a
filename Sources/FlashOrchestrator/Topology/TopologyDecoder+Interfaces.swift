// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

extension TopologyDecoder {
    func interfaces(_ section: DecodedValue?, hosts: [DeclaredHost]) -> [DeclaredInterface] {
        let inLab = Set(hosts.map(\.host.interface))
        return (section?.entries ?? []).map { entry in
            let queues = queues(entry.value, isInLab: inLab.contains(entry.key))
            return DeclaredInterface(
                interface: Interface(
                    name: entry.key,
                    device: entry.value["device"]?.text ?? "",
                    queues: queues ?? [0],
                    mode: entry.value.choice("mode", default: .native),
                    zeroCopy: entry.value.choice("zero_copy", default: .auto)),
                keyRange: entry.keyRange, value: entry.value, hasQueues: queues != nil)
        }
    }

    /// nil: faulty. The lab makes its devices, with as many queues as the file says: what a device of that name has at the
    /// moment says nothing.
    private func queues(_ value: DecodedValue, isInLab: Bool) -> [Int]? {
        if value.isFaulty { return nil }
        guard let given = value["queues"] else {
            let device = isInLab ? nil : value["device"]?.text.flatMap { machine.devices?[$0] }
            return Array(0..<min(max(device?.receiveQueues ?? 1, 1), TopologySchema.queueLimit))
        }
        if let count = given.integer { return Array(0..<count) }
        guard let list = given.list else { return nil }
        let queues = list.compactMap(\.integer)
        return queues.count == list.count ? Set(queues).sorted() : nil
    }

    func check(interfaces: [DeclaredInterface], hosts: [DeclaredHost], topology: String?, isLabFaulty: Bool) {
        let inLab = Set(hosts.map(\.host.interface))
        // A host whose interface is faulty may be the one that makes the device.
        let isLabKnown = !isLabFaulty && inLab.isSubset(of: interfaces.map(\.name))
        let holds = Dictionary(grouping: machine.holds.filter { $0.topology != topology }, by: \.device)
        var users: [String: String] = [:]
        for declared in interfaces {
            guard let place = declared.device else { continue }
            let interface = declared.interface
            if let other = users.updateValue(interface.name, forKey: interface.device) {
                log.add(
                    .deviceUsedTwice,
                    "device \(quoted(interface.device)) is already the one of interface \(quoted(other))",
                    at: place.range, help: "one interface can have all queues of a device")
            }
            checkHolds(of: declared, holds: holds[interface.device] ?? [], place: place)
            if isLabKnown, !inLab.contains(interface.name) { checkDevice(of: declared, place: place) }
        }
    }

    private func checkHolds(of declared: DeclaredInterface, holds: [MachineFacts.Hold], place: DecodedValue) {
        for hold in holds {
            log.add(
                .deviceHeld,
                "device \(quoted(declared.interface.device)) is held by the running topology \(quoted(hold.topology))",
                at: place.range, help: "'flash-orch down \(hold.topology)' gives it back")
        }
    }

    private func checkDevice(of declared: DeclaredInterface, place: DecodedValue) {
        guard let devices = machine.devices else { return }
        let interface = declared.interface
        guard let device = devices[interface.device] else {
            let suggestion = nearest(to: interface.device, in: devices.keys.sorted())
            log.add(
                .unknownDevice, "no device \(quoted(interface.device)) on this machine", at: place.range,
                help: suggestion
                    ?? "create it, or let the lab make it: add a host with 'interface: \(interface.name)' below 'lab'")
            return
        }
        if let queues = declared.value["queues"], let last = interface.queues.last, last >= max(device.receiveQueues, 1)
        {
            let count = device.receiveQueues == 1 ? "1 RX queue" : "\(device.receiveQueues) RX queues"
            log.add(
                .tooFewDeviceQueues,
                "device \(quoted(interface.device)) has \(count), so that there is no queue \(last)",
                at: queues.range, help: "'ethtool -L \(interface.device) combined N' sets how many it has")
        }
    }

    func nearest(to word: String, in words: [String]) -> String? {
        Suggestion.nearest(to: word, in: words).map { "did you mean '\($0)'?" }
    }
}
