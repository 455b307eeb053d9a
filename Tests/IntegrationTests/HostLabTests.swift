// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc
import Testing

@Suite(.serialized) struct HostLabTests {
    private static let hosts = [
        Lab.Host(namespace: "flh-one", device: "flhone", addresses: ["10.78.0.1/24", "fd00:78::1/64"], queues: 2),
        Lab.Host(namespace: "flh-two", device: "flhtwo", addresses: ["10.78.0.2/24"]),
    ]

    @Test func hostsAreMadeAndRemoved() throws {
        do {
            let lab = try TestLab(Self.hosts)
            #expect(lab.hosts == Self.hosts)
            for host in Self.hosts {
                #expect(try Lab.state(of: host) == .present)
                let outside = try Device.find(host.device)
                #expect(outside.isUp && outside.mtu == 1500 && outside.driver == "veth")
                // It can send: the link watch has been there.
                #expect(try Command(["cat", "/sys/class/net/\(host.device)/operstate"]).run() == "up\n")
                #expect(outside.rxQueues == host.queues && outside.txQueues == host.queues)
                let inside = try NetworkNamespace.run(in: host.namespace) { () throws(SystemError) in
                    try [Device.find("eth0"), Device.find("lo")]
                }
                #expect(inside[0].isUp && inside[1].isUp)
                #expect(inside[0].txQueues == host.queues)
                let addresses = try Command(["ip", "-n", host.namespace, "-o", "address", "show", "dev", "eth0"]).run()
                for address in host.addresses { #expect(addresses.contains(" \(address) ")) }
                #expect(!addresses.contains("tentative"))
                let features = try Command(["ip", "netns", "exec", host.namespace, "ethtool", "-k", "eth0"]).run()
                #expect(features.contains("tx-checksumming: off"))
                #expect(features.contains("generic-receive-offload: on"))
            }
            // The machine's own namespace gets no address by it.
            let addresses = try Command(["ip", "-o", "address", "show", "dev", "flhone"]).run()
            #expect(addresses.isEmpty)
        }
        for host in Self.hosts { #expect(try Lab.state(of: host) == .absent) }
        #expect(SystemFile.names(in: "/run/netns").filter { $0.hasPrefix("flh-one") || $0.hasPrefix("flh-two") } == [])
    }

    @Test func whatIsNotOursIsLeftAlone() throws {
        let host = Lab.Host(namespace: "flh-own", device: "flhown", addresses: ["10.78.1.1/24"])
        try Command(["ip", "netns", "add", "flh-own"]).run()
        defer { _ = try? Command(["ip", "netns", "delete", "flh-own"]).run() }
        #expect(try Lab.state(of: host) == .foreignNamespace)
        #expect(throws: LabError.foreign("network namespace flh-own")) { try Lab.remove([host]) }
        // The first host can be made, the second one not: neither is left.
        let other = Lab.Host(namespace: "flh-new", device: "flhnew", addresses: ["10.78.1.2/24"])
        #expect {
            try Lab.create([other, host])
        } throws: { error in
            guard case .command(let error)? = error as? LabError else { return false }
            return error.description.contains("ip netns add flh-own") && error.description.contains("File exists")
        }
        #expect(try Lab.state(of: other) == .absent)
        #expect(NetworkNamespace.exists("flh-own"))

        try Command(["ip", "link", "add", "flhown", "type", "veth"]).run()
        defer { _ = try? Command(["ip", "link", "delete", "flhown"]).run() }
        #expect(try Lab.state(of: host) == .foreignDevice)
        #expect(throws: LabError.foreign("device flhown")) { try Lab.remove([host]) }
        #expect(Device.exists("flhown"))
    }

    @Test func aBadAddressUndoesAllAndNamesTheCommand() throws {
        let hosts = [
            Lab.Host(namespace: "flh-g", device: "flhg", addresses: ["10.78.2.1/24"]),
            Lab.Host(namespace: "flh-h", device: "flhh", addresses: ["10.78.2.2/240"]),
        ]
        #expect {
            try Lab.create(hosts)
        } throws: { error in
            "\(error)".hasPrefix("ip -n flh-h address add 10.78.2.2/240 dev eth0: exit code 1: Error: ")
        }
        for host in hosts { #expect(try Lab.state(of: host) == .absent) }
    }

    @Test func aDamagedHostIsRemoved() throws {
        let host = Lab.Host(namespace: "flh-dam", device: "flhdam", addresses: ["10.78.3.1/24"])
        try? Lab.remove([host])
        try Lab.create([host])
        try Command(["ip", "link", "delete", "flhdam"]).run()
        #expect(try Lab.state(of: host) == .damaged)
        try Lab.remove([host])
        #expect(try Lab.state(of: host) == .absent)
        try Lab.remove([host])
    }

    @Test func workInANamespaceLeavesTheCallersAlone() throws {
        let lab = try TestLab([Lab.Host(namespace: "flh-ns", device: "flhns", addresses: ["10.78.4.1/24"])])
        let names = try NetworkNamespace.run(in: "flh-ns") { Device.names() }
        #expect(names.sorted() == ["eth0", "lo"])
        #expect(Device.names().contains(lab.hosts[0].device))
        #expect {
            try NetworkNamespace.run(in: "flh-none") {}
        } throws: { ($0 as? SystemError)?.code == ENOENT }
    }

    @Test func devicesAreSetUp() throws {
        let lab = try TestLab([Lab.Host(namespace: "flh-set", device: "flhset", addresses: [], queues: 2)])
        var device = try Device.find(lab.hosts[0].device)
        try device.setMTU(1400)
        try device.setQueues(rx: 1, tx: 1)
        try device.setUp(false)
        device = try Device.find(device.name)
        #expect(device.mtu == 1400 && device.rxQueues == 1 && device.txQueues == 1 && !device.isUp)
        #expect(device.maximumQueues == 2)
        #expect(throws: SystemError.self) { try device.setQueues(rx: 9, tx: 9) }
        #expect(device.address.count == 6)
    }

    @Test func commandsReportHowTheyFailed() throws {
        #expect(try Command(["cat"], input: "text").run() == "text")
        #expect {
            try Command(["sh", "-c", "echo it\\'s wrong >&2; exit 3"]).run()
        } throws: { error in
            "\(error)" == "sh -c 'echo it\\'\\''s wrong >&2; exit 3': exit code 3: it's wrong"
        }
        #expect {
            try Command(["flash-no-such-program"]).run()
        } throws: { "\($0)".hasPrefix("flash-no-such-program: flash-no-such-program is not installed") }
    }

    /// The device of a topology's ports is found by a name that another may have.
    @Test(arguments: ["", "mine", "flash-orch ports flh-ports /tmp/other"])
    func aDeviceInPlaceOfThePortsIsLeftAlone(alias: String) throws {
        let name = SocketDevice.name(for: "flh-ports", in: "/run/flh")
        try Command(["ip", "link", "add", name, "type", "veth", "peer", "name", "flhports"]).run()
        defer { _ = try? Command(["ip", "link", "delete", name]).run() }
        try Command(["ip", "link", "set", name, "alias", alias]).run()
        #expect(throws: LabError.foreign("device \(name)")) {
            try SocketDevice.create(for: "flh-ports", in: "/run/flh")
        }
        #expect(throws: LabError.foreign("device \(name)")) {
            try SocketDevice.remove(of: "flh-ports", in: "/run/flh")
        }
        #expect(Device.exists(name))
        try Command(["ip", "link", "set", name, "alias", "flash-orch ports flh-ports /run/flh"]).run()
        try SocketDevice.remove(of: "flh-ports", in: "/run/flh")
        #expect(!Device.exists(name))
        try SocketDevice.remove(of: "flh-ports", in: "/run/flh")
    }
}
