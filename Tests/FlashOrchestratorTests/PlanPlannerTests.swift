// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Testing

@testable import FlashOrchestrator

/// What a change costs.
@Suite struct PlanPlannerTests {
    private func plan(
        _ topology: Topology?, after old: Topology?, free: Int = 100_000, faults: [Fault] = []
    ) throws -> Plan {
        let chain = try old.map {
            try Planner.plan(desired: $0, observed: Observed(), surroundings: Fixtures.surroundings).result
        }
        return try Planner.plan(
            desired: topology, observed: Observed(chain: chain ?? Chain(), freeFrames: free, faults: faults),
            surroundings: Fixtures.surroundings)
    }

    private func texts(_ plan: Plan) -> [String] { plan.summaries.map { "\($0.kind) \($0.subject): \($0.reason)" } }

    @Test func aFirstApplyMakesDownstreamBeforeUpstream() throws {
        let plan = try plan(Fixtures.quickstart(), after: nil)
        #expect(
            plan.summaries.map { "\($0.kind) \($0.subject)" } == [
                "create umem", "create interface lan", "create interface wan", "create queue lan:0",
                "create queue wan:0", "create nf count", "create nf firewall", "create nf trash",
                "create link firewall[deny] -> trash", "create link count -> wan:0 (path lan:0)",
                "create link firewall -> count (path lan:0)", "create link lan:0 -> firewall",
                "create link firewall -> lan:0 (path wan:0)", "create link count -> firewall (path wan:0)",
                "create link wan:0 -> count",
            ])
        #expect(plan.stays.isEmpty)
    }

    @Test func aChangedLinkIsARewireAndNothingElse() throws {
        var changed = Fixtures.quickstart()
        changed.links =
            Fixtures.path("lan:0", "firewall", "wan:0") + Fixtures.path("wan:0", "count", "firewall", "lan:0")
            + Fixtures.path("firewall[1]", "trash")
        let plan = try plan(changed, after: Fixtures.quickstart())
        #expect(
            texts(plan) == [
                "rewire link firewall -> wan:0 (path lan:0): leads to wan:0 instead of count",
                "remove link count -> wan:0 (path lan:0): no longer in the topology",
            ])
        #expect(plan.stays.contains("nf firewall") && plan.stays.contains("link wan:0 -> count"))
    }

    @Test func aParameterIsTakenLiveOrRestartsThatNFAlone() throws {
        var old = Fixtures.quickstart()
        var new = old
        new.functions[0].configuration.values["rules"] = .string("x")
        #expect(texts(try plan(new, after: old)) == ["reconfigure nf firewall: config.rules changes"])

        new = old
        new.functions[1].configuration.values["fixed"] = .string("x")
        #expect(
            texts(try plan(new, after: old)) == [
                "restart nf count: config.fixed changes, which a running forward does not take"
            ])

        new = old
        new.functions[1].wait = .busy
        #expect(texts(try plan(new, after: old)) == ["reconfigure nf count: wait changes from adaptive to busy"])

        old.functions[1].cpus = [0]
        #expect(
            texts(try plan(Fixtures.quickstart(), after: old)) == ["restart nf count: cpus changes from [0] to []"])
    }

    @Test func otherThreadsAreAnotherInstanceBesideTheOldOne() throws {
        var new = Fixtures.quickstart()
        new.functions[1].threads = 2
        let plan = try plan(new, after: Fixtures.quickstart())
        #expect(texts(plan).first == "recreate nf count: threads changes from 1 to 2")
        #expect(texts(plan).last == "remove nf count: its successor has taken over")
        #expect(plan.steps.allSatisfy { $0.kind != .restart })
    }

    @Test func anInterfaceThatChangesIsBrokenFirst() throws {
        var new = Fixtures.quickstart()
        new.interfaces[1].mode = .generic
        let plan = try plan(new, after: Fixtures.quickstart())
        let kinds = plan.summaries.filter { $0.subject == "interface wan" }.map(\.kind)
        #expect(kinds == [.remove, .recreate])
        #expect(texts(plan).contains("recreate queue wan:0: its mode changes from native to generic"))
        #expect(plan.stays.contains("interface lan") && plan.stays.contains("umem"))
    }

    @Test func anotherMemoryIsEverythingAnew() throws {
        var new = Fixtures.quickstart()
        new.memory.frames = 65_536
        let plan = try plan(new, after: Fixtures.quickstart())
        #expect(plan.stays.isEmpty)
        #expect(texts(plan).contains("recreate umem: umem.frames changes from 22528 to 65536"))
    }

    @Test func framesThatRunOutMakeTheMemoryAnew() throws {
        var new = Fixtures.quickstart()
        new.functions.append(Fixtures.function("more"))
        new.links[1].target = .function("more")
        new.links.insert(
            Link(
                source: new.links[0].source.following(function: "more", visit: 0),
                target: .queues(interface: "wan", queues: [0])), at: 2)
        #expect(try plan(new, after: Fixtures.quickstart(), free: 512).stays.contains("umem"))
        #expect(try plan(new, after: Fixtures.quickstart(), free: 100).stays.isEmpty)
    }

    @Test func aDeadNFIsStartedAgainWithWhatItShallBe() throws {
        let dead = Fault(.function(FunctionID(name: "count")), reason: "its worker is not running")
        let same = try plan(Fixtures.quickstart(), after: Fixtures.quickstart(), faults: [dead])
        #expect(texts(same) == ["restart nf count: its worker is not running"])

        var new = Fixtures.quickstart()
        new.functions[1].configuration.values["fixed"] = .string("x")
        let changed = try plan(new, after: Fixtures.quickstart(), faults: [dead])
        #expect(texts(changed) == ["restart nf count: its worker is not running"])
        #expect(changed.result.functions.values.contains { $0.function == new.functions[1] })

        var without = Fixtures.quickstart()
        without.functions.remove(at: 1)
        without.links =
            Fixtures.path("lan:0", "firewall", "wan:0") + Fixtures.path("wan:0", "firewall", "lan:0")
            + Fixtures.path("firewall[1]", "trash")
        let removed = try plan(without, after: Fixtures.quickstart(), faults: [dead])
        #expect(removed.steps.allSatisfy { $0.kind != .restart })
    }

    @Test func downRemovesEverything() throws {
        let plan = try plan(nil, after: Fixtures.quickstart())
        #expect(plan.steps.allSatisfy { $0.kind == .remove })
        #expect(plan.result.isEmpty)
    }

    @Test func whatOthersHoldIsAnError() throws {
        var surroundings = Fixtures.surroundings
        surroundings.held = ["d0": "other"]
        #expect(throws: PlanError.deviceHeld(device: "d0", interface: "lan", byTopology: "other")) {
            try Planner.plan(desired: Fixtures.quickstart(), observed: Observed(), surroundings: surroundings)
        }
        var topology = Fixtures.quickstart()
        topology.lab = [LabHost(name: "client", interface: "lan", address: "10.0.0.1/24")]
        #expect(throws: PlanError.deviceExists(device: "d0", host: "client")) {
            try Planner.plan(desired: topology, observed: Observed(), surroundings: Fixtures.surroundings)
        }
        topology.interfaces[0].device = "new"
        surroundings = Fixtures.surroundings
        surroundings.namespaces = ["quickstart-client"]
        #expect(throws: PlanError.namespaceExists(namespace: "quickstart-client", host: "client")) {
            try Planner.plan(desired: topology, observed: Observed(), surroundings: surroundings)
        }
        topology.lab = []
        #expect(throws: PlanError.deviceMissing(device: "new", interface: "lan")) {
            try Planner.plan(desired: topology, observed: Observed(), surroundings: Fixtures.surroundings)
        }
    }

    @Test(arguments: [DatapathChoice.shared, .auto])
    func moreQueuesThanThereCanBeSocketsAreRefused(datapath: DatapathChoice) throws {
        var topology = Topology(name: "wide", datapath: datapath)
        topology.interfaces = [Interface(name: "lan", device: "d9", queues: Array(0..<600))]
        topology.functions = [Fixtures.function("end", "sink")]
        topology.links = (0..<513).flatMap { Fixtures.path("lan:\($0)", "end") }
        var surroundings = Fixtures.flashSurroundings
        surroundings.devices["d9"] = 600
        func plan() throws -> Plan {
            try Planner.plan(desired: topology, observed: Observed(), surroundings: surroundings)
        }
        #expect(throws: PlanError.tooManyQueues(513, limit: 512)) { try plan() }
        topology.links.removeLast()
        #expect(try plan().result.queues.count == 512)
    }

    @Test func flashNeedsItsKernel() throws {
        var topology = Fixtures.quickstart()
        topology.datapath = .flash
        #expect(throws: PlanError.noFlashKernel) {
            try Planner.plan(desired: topology, observed: Observed(), surroundings: Fixtures.surroundings)
        }
    }

    private func plan(_ topology: Topology, _ kernel: FlashKernel.Support) throws -> Plan {
        var surroundings = Fixtures.surroundings
        surroundings.flashKernel = kernel
        return try Planner.plan(desired: topology, observed: Observed(), surroundings: surroundings)
    }

    @Test func autoIsFlashWhereItCanBe() throws {
        let topology = Fixtures.quickstart(on: .auto)
        let flash = try plan(topology, .usable)
        #expect(flash.datapath == .flash)
        let subjects = flash.summaries.map(\.subject)
        // A port where a path meets an NF: of lan:0 and wan:0 at two NFs each, and of firewall[deny] at trash.
        #expect(
            subjects.filter { $0.hasPrefix("port ") } == [
                "port count/0 (path lan:0)", "port count/0 (path wan:0)", "port firewall/0 (path lan:0)",
                "port firewall/0 (path wan:0)", "port trash/0 (path firewall[deny])",
            ])
        for kernel in [FlashKernel.Support.absent, .unusable("it is read-only")] {
            let shared = try plan(topology, kernel)
            #expect(shared.datapath == .shared)
            #expect(shared.result.ports.isEmpty)
            #expect(shared.fallback == (kernel == .absent ? nil : "it is read-only"))
        }
        #expect(flash.fallback == nil)
    }

    @Test func flashThatMayNotBeUsedSaysWhy() throws {
        #expect(throws: PlanError.flashKernelUnusable("it is read-only")) {
            try plan(Fixtures.quickstart(on: .flash), .unusable("it is read-only"))
        }
    }

    /// What an NF sends to itself would have to go from a socket to the same one.
    @Test func anOutputThatLeadsToItsOwnNFTakesSharedMemory() throws {
        var topology = Fixtures.quickstart(on: .auto)
        topology.links =
            Fixtures.path("lan:0", "firewall", "count", "wan:0") + Fixtures.path("firewall[1]", "firewall", "trash")
        let reason = "firewall[deny] leads to its own NF, and no socket sends to itself"
        let shared = try plan(topology, .usable)
        #expect(shared.datapath == .shared && shared.fallback == reason)
        topology.datapath = .flash
        #expect(throws: PlanError.flashUnfit(reason)) { try plan(topology, .usable) }
        // By way of another NF it can.
        topology.links =
            Fixtures.path("lan:0", "firewall", "count", "wan:0")
            + Fixtures.path("firewall[1]", "count", "firewall", "trash")
        #expect(try plan(topology, .usable).datapath == .flash)
    }

    /// Three outputs, each spread over 43 threads: 129 ways from one socket.
    @Test func aSocketWithMoreWaysThanARuleCanNameTakesSharedMemory() throws {
        var topology = Topology(name: "wide", datapath: .auto)
        topology.functions = [Fixtures.function("gen", "generator"), Fixtures.function("spread", "triple")]
        let names = ["a", "b", "c"]
        topology.functions += names.map { Fixtures.function($0, "sink", threads: 43) }
        topology.links = Fixtures.path("gen", "spread", "a")
        topology.links += Fixtures.path("spread[0]", "a") + Fixtures.path("spread[1]", "b")
        topology.links += Fixtures.path("spread[2]", "c")
        #expect(try plan(topology, .usable).datapath == .shared)
        topology.datapath = .flash
        let reason = "a socket of spread/0 sends to 129 others, and can send to 128"
        #expect(throws: PlanError.flashUnfit(reason)) { try plan(topology, .usable) }
        topology.functions[4].threads = 42
        #expect(try plan(topology, .usable).datapath == .flash)
    }

    @Test func aChainOfMoreSocketsThanThereCanBeTakesSharedMemory() throws {
        var topology = Topology(name: "long", datapath: .auto)
        topology.functions = [Fixtures.function("gen", "generator"), Fixtures.function("end", "sink")]
        let names = (0..<SharedDatapath.portLimit).map { "n\($0)" }
        topology.functions += names.map { Fixtures.function($0) }
        topology.links = Fixtures.path(["gen"] + names + ["end"])
        #expect(try plan(topology, .usable).datapath == .shared)
        topology.datapath = .flash
        #expect(throws: PlanError.flashUnfit("it takes 514 sockets, and a topology can have 512")) {
            try plan(topology, .usable)
        }
    }
}
