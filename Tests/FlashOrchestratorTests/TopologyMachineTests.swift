// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Foundation
import Testing

/// What of the file depends on the machine.
@Suite struct TopologyMachineTests {
    private static let nfs = "  pass: { program: forward }"
    private static let links = "  - lan -> pass -> lan"

    private func decode(
        interface: String, nfs: String = nfs, lab: String = "", machine: MachineFacts = TopologyFixtures.machine
    ) -> (topology: Topology?, messages: [String]) {
        let text = TopologyFixtures.file(nfs: nfs, links: Self.links, interfaces: "  lan: \(interface)") + lab
        return TopologyFixtures.decode(text, machine: machine)
    }

    @Test func queuesAreThoseOfTheDeviceWhereItExists() {
        #expect(decode(interface: "{ device: eth0 }").topology?.interfaces.first?.queues == [0, 1, 2, 3])
        #expect(decode(interface: "{ device: eth0 }", machine: .unknown).topology?.interfaces.first?.queues == [0])
        #expect(decode(interface: "{ device: eth0, queues: [2] }").topology?.interfaces.first?.queues == [2])
        #expect(decode(interface: "{ device: eth0, queues: 3 }").topology?.interfaces.first?.queues == [0, 1, 2])
    }

    /// A running lab's device must not change what its own file means.
    @Test func devicesOfTheLabAreNotLookedAt() {
        let lab = "lab: { hosts: { h: { interface: lan, address: 10.0.0.1/24 } } }\n"
        let (topology, messages) = decode(interface: "{ device: eth0 }", lab: lab)
        #expect(messages == [])
        #expect(topology?.interfaces.first?.queues == [0])
        #expect(decode(interface: "{ device: eth0, queues: 8 }", lab: lab).messages == [])
    }

    @Test func ownHoldsAreNoConflict() {
        var machine = TopologyFixtures.machine
        machine.holds = [.init(topology: "test", device: "eth0")]
        #expect(decode(interface: "{ device: eth0 }", machine: machine).messages == [])
        machine.holds = [.init(topology: "else", device: "eth0")]
        #expect(decode(interface: "{ device: eth0 }", machine: machine).messages.count == 1)
    }

    @Test func unknownMachineIsNotCheckedAgainst() {
        let nfs = "  pass: { program: forward, threads: 64, wait: busy, cpus: [8191] }"
        let messages = decode(interface: "{ device: nowhere, queues: 64 }", nfs: nfs, machine: .unknown).messages
        #expect(messages.allSatisfy { $0.contains("CPU 8191 has 64 threads") })
    }

    @Test func factsOfThisMachine() {
        let facts = MachineFacts.current()
        #expect(facts.cpus?.isEmpty == false)
        #expect(facts.devices?["lo"]?.receiveQueues == 1)
        #expect(facts.hasFlashKernel != nil)
        #expect(MachineFacts.current(sysfs: "/nowhere") == MachineFacts(hasFlashKernel: false))
    }

    @Test(arguments: [
        ("0-3,8\n", [0, 1, 2, 3, 8]), ("0", [0]), ("5-5", [5]), ("", nil), ("3-1", nil), ("-1", nil), ("a", nil),
        ("0-", nil), ("1-2-3", nil), ("0-999999999999", nil), ("1,,2", nil),
    ])
    func listsOfTheKernel(text: String, numbers: [Int]?) {
        #expect(MachineFacts.parseList(text) == numbers)
    }

    @Test func factsSurviveJSON() throws {
        let text = try JSONEncoder().encode(TopologyFixtures.machine)
        #expect(try JSONDecoder().decode(MachineFacts.self, from: text) == TopologyFixtures.machine)
    }
}
