// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Foundation
import Testing

@testable import FlashRuntime

/// What only the `flash` datapath has. Run in a virtual machine with a FLASH kernel, with the other suites: see Tests/flash-kernel.
@Suite(.serialized) struct FlashDatapathTests {
    /// A measured stream of packets through the NFs of `middle`, which are the only ones.
    private func stream(_ middle: String, datapath: String = "auto") -> String {
        let names = middle.split(separator: " ").filter { $0 != "->" }
        return """
            version: 1
            name: stream
            datapath: \(datapath)
            nfs:
              source: { program: generator, config: { rate: 2000 } }
            \(names.map { "  \($0): { program: forward }" }.joined(separator: "\n"))
              end: { program: sink, config: { measure: true } }
            links:
              - source -> \(middle) -> end

            """
    }

    private func flows(_ bench: TestBench, at location: SourceLocation = #_sourceLocation) async throws {
        let before = try await bench.status("stream").nf("end").counters["measured"] ?? 0
        try await eventually("packets arrive", at: location) {
            try await bench.status("stream").nf("end").counters["measured"] ?? 0 > before + 200
        }
    }

    private func expectNothingLost(_ bench: TestBench, at location: SourceLocation = #_sourceLocation) async throws {
        let end = try await bench.status("stream").nf("end").counters
        #expect(end["skipped", default: 0] == end["late", default: 0], sourceLocation: location)
        #expect(end["duplicates", default: 0] == 0, sourceLocation: location)
    }

    private func next(_ port: PortStatus) throws -> String {
        try SystemFile.read("/sys/kernel/flash/\(port.flashID)/next")
    }

    @Test func autoIsFlashAndTheKernelSaysTheSameAsStatus() async throws {
        try await TestBench.with { bench in
            let plan: PlanReply = try await bench.flashOrch("plan", "-", "-o", "json", input: stream("a -> b"))
                .expecting().json()
            #expect(plan.datapath == "flash")
            try await bench.apply(stream("a -> b"))
            try await flows(bench)
            let status = try await bench.status("stream")
            status.expectHealthy()
            #expect(status.datapath == "flash")
            #expect(status.ports.map(\.nf) == ["a", "b", "end", "source"])
            for port in status.ports {
                #expect(SystemFile.line("/sys/kernel/flash/\(port.flashID)/qid") == String(port.queue))
                let text = try next(port)
                #expect(FlashKernel.parse(text) == port.next)
                #expect(port.refused.isEmpty && port.statistics["copied"] == 0)
            }
            let identifiers = Dictionary(uniqueKeysWithValues: status.ports.map { ($0.nf, $0.flashID) })
            for link in status.links { #expect(link.flashID == identifiers[link.target]) }
        }
    }

    @Test func aRewireIsOneIndexThatLeadsElsewhere() async throws {
        try await TestBench.with { bench in
            try await bench.apply(stream("a"))
            try await flows(bench)
            for middle in ["b", "a -> b", "b -> a", "a"] {
                let reply = try await bench.apply(stream(middle))
                #expect(reply.packetsLost == 0)
                try await flows(bench)
                let status = try await bench.status("stream")
                status.expectHealthy()
                #expect(status.ports.allSatisfy { $0.next.count == ($0.nf == "end" ? 0 : 1) })
                try await expectNothingLost(bench)
            }
        }
    }

    @Test func whatSomebodyElseWritesIsSeenAndMended() async throws {
        try await TestBench.with { bench in
            try await bench.apply(stream("a -> b"))
            try await flows(bench)
            let ports = try await bench.status("stream").ports
            let (first, last) = (try #require(ports.first), try #require(ports.first { $0.nf == "end" }))
            for rule in [[last.flashID], []] {
                try FlashKernel.setNext(rule, of: first.flashID)
                let status = try await bench.status("stream")
                #expect(status.state == .degraded)
                let difference = try #require(status.differences.first)
                #expect(difference.subject == "port a/0 (path source)")
                #expect(difference.message.contains("says \(FlashKernel.format(rule)) instead of \(first.next[0])"))
                let reply = try await bench.apply(stream("a -> b"))
                #expect(reply.steps.map(\.subject) == ["port a/0 (path source)"])
                try await flows(bench)
                try await bench.status("stream").expectHealthy()
                #expect(try await bench.status("stream").ports.map(\.next) == ports.map(\.next))
            }
        }
    }

    /// A daemon that starts brings all back to what was applied.
    @Test func whatSomebodyElseWroteWhileNoDaemonRanIsTakenBack() async throws {
        try await TestBench.with { bench in
            try await bench.apply(stream("a -> b"))
            try await flows(bench)
            let before = try await bench.status("stream")
            let (first, last) = (
                try #require(before.ports.first), try #require(before.ports.first { $0.nf == "end" })
            )
            let daemon = try await bench.daemon().pid
            kill(pid_t(daemon), SIGKILL)
            try await eventually("it ends") { !isRunning(daemon) }
            try FlashKernel.setNext([last.flashID], of: first.flashID)
            try await bench.startDaemon()
            try await flows(bench)
            let after = try await bench.status("stream")
            after.expectHealthy()
            #expect(after.ports.map(\.next) == before.ports.map(\.next))
            #expect(after.nfs.map(\.pid) == before.nfs.map(\.pid))
        }
    }

    @Test func aRuleThatTheKernelRefusesSaysWhy() async throws {
        try await TestBench.with { bench in
            try await bench.apply(stream("a"))
            let port = try #require(try await bench.status("stream").ports.first)
            let error = #expect(throws: SystemError.self) { try FlashKernel.setNext([port.flashID], of: port.flashID) }
            #expect(error?.description.contains("is the sender itself") == true, "\(String(describing: error))")
            let tooMany = Array(repeating: port.flashID, count: FlashKernel.outletLimit + 1)
            #expect(throws: SystemError.self) { try FlashKernel.setNext(tooMany, of: port.flashID) }
            try await flows(bench)
            try await bench.status("stream").expectHealthy()
        }
    }

    /// Somebody has put another file over a port's `next`, which the plan cannot foresee.
    @Test(arguments: [
        (file: "next itself, read-only", says: "Read-only file system"), (file: "/dev/null", says: "Protocol error"),
    ])
    func anApplyWhoseRuleIsNotTakenGoesBack(file: String, says: String) async throws {
        try await TestBench.with { bench in
            try await bench.apply(stream("a"))
            try await flows(bench)
            let before = try await bench.status("stream")
            let port = try #require(before.ports.first { $0.nf == "a" })
            let path = FlashKernel.path(of: port.flashID)
            let isDevice = file.hasPrefix("/")
            try await run(["mount", "--bind", isDevice ? file : path, path]).expecting()
            let failed: CommandResult
            do {
                if !isDevice { try await run(["mount", "-o", "remount,bind,ro", path]).expecting() }
                failed = try await bench.flashOrch("apply", "-", "-o", "json", input: stream("a -> b"))
            } catch {
                try await run(["umount", path]).expecting()
                throw error
            }
            try await run(["umount", path]).expecting()
            let reply: ApplyReply = try failed.expecting(1).json()
            #expect(reply.outcome == .failed, "\(reply)")
            #expect(failed.output.contains(says) && failed.output.contains("\(port.flashID)/next"), "\(failed)")
            #expect(reply.packetsLost == 0)
            try await flows(bench)
            let after = try await bench.status("stream")
            after.expectHealthy()
            #expect(after.ports.map(\.next) == before.ports.map(\.next))
            try await expectNothingLost(bench)
        }
    }

    /// Of a table that changes several rules, one is refused: those that were taken are taken back.
    @Test func theRulesOfATableAreTakenBackTogether() async throws {
        let old = """
            version: 1
            name: stream
            datapath: flash
            nfs:
              one: { program: generator, config: { rate: 2000 } }
              two: { program: generator, config: { rate: 2000 } }
              a: { program: forward }
              b: { program: forward }
              end: { program: sink }
            links: [ one -> a, two -> a, a -> b -> end ]

            """
        let new = old.replacingOccurrences(of: "  b: { program: forward }\n", with: "")
            .replacingOccurrences(of: "a -> b -> end", with: "a -> end")
        try await TestBench.with { bench in
            try await bench.apply(old)
            let before = try await bench.status("stream")
            let ports = before.ports.filter { $0.nf == "a" }
            #expect(ports.count == 2)
            for port in ports {
                let path = FlashKernel.path(of: port.flashID)
                try await run(["mount", "--bind", path, path]).expecting()
                let failed: CommandResult
                do {
                    try await run(["mount", "-o", "remount,bind,ro", path]).expecting()
                    failed = try await bench.flashOrch("apply", "-", "-o", "json", input: new)
                } catch {
                    try await run(["umount", path]).expecting()
                    throw error
                }
                try await run(["umount", path]).expecting()
                #expect(try failed.expecting(1).json(ApplyReply.self).outcome == .failed)
                let after = try await bench.status("stream")
                after.expectHealthy()
                #expect(after.ports.map(\.next) == before.ports.map(\.next))
            }
        }
    }

    /// Packets that wait for an NF that is gone are lost with it, and hold up nobody.
    @Test func whatWaitsForADeadNFIsLostWithIt() async throws {
        func text(_ backends: [String]) -> String {
            """
            version: 1
            name: stream
            datapath: flash
            nfs:
              source: { program: generator, config: { flows: 64 } }
              spread: { program: maglev, config: { backends: [ \(backends.joined(separator: ", ")) ] } }
            \(backends.map { "  \($0): { program: sink, restart: never }" }.joined(separator: "\n"))
            links:
              - source -> spread
            \(backends.map { "  - spread[\($0)] -> \($0)" }.joined(separator: "\n"))

            """
        }
        try await TestBench.with { bench in
            try await bench.apply(text(["one", "two"]))
            let worker = try #require(try await bench.status("stream").nf("two").pid)
            kill(pid_t(worker), SIGKILL)
            try await eventually("the sender has to wait") {
                let ports = try await bench.status("stream").ports
                let (sender, receiver) = (ports.first { $0.nf == "spread" }, ports.first { $0.nf == "two" })
                return receiver?.used == receiver?.capacity && sender?.statistics["blocked"] ?? 0 > 0
            }
            let reply = try await bench.apply(text(["one"]))
            #expect(reply.outcome == .done && reply.packetsLost ?? 0 > 0, "\(reply)")
            let before = try await bench.status("stream").nf("one").received.packets
            try await eventually("the sender goes on") {
                try await bench.status("stream").nf("one").received.packets > before
            }
            try await bench.status("stream").expectHealthy()
        }
    }

    /// Where an NF's outputs lead to a NIC queue and to an NF, it has a socket for each: the queue's has no rule.
    @Test func anNFHasOneSocketOfEachKind() async throws {
        let text = """
            version: 1
            name: sides
            datapath: flash
            interfaces:
              outside: { device: sides-out }
              inside: { device: sides-in }
            nfs:
              guard: { program: firewall, config: { default: deny, rules: [ accept icmp ] } }
              denied: { program: sink }
            links:
              - outside:0 -> guard -> inside:0
              - inside:0 -> guard -> outside:0
              - guard[deny] -> denied
            lab:
              hosts:
                visitor: { interface: outside, address: 10.20.0.1/24 }
                web: { interface: inside, address: 10.20.0.2/24 }

            """
        try await TestBench.with { bench in
            try await bench.apply(text)
            let status = try await bench.status("sides")
            status.expectHealthy()
            let trash = status.ports.filter { $0.nf == "denied" }.map(\.flashID)
            let ports = status.ports.filter { $0.nf == "guard" }
            #expect(ports.map(\.path) == ["inside:0", "outside:0"])
            #expect(ports.allSatisfy { $0.next.count == 1 && trash.contains($0.next[0]) }, "\(status.ports)")
            let shown = SystemFile.names(in: "/sys/kernel/flash").compactMap { Int($0) }
            for device in ["sides-out", "sides-in"] {
                let index = String(try Device.find(device).index)
                let sockets = shown.filter { SystemFile.line("/sys/kernel/flash/\($0)/ifindex") == index }
                #expect(sockets.count == 1)
                for socket in sockets { #expect(try FlashKernel.next(of: socket) == []) }
            }
            try await bench.host("visitor", "ping", "-c", "3", "-i", "0.2", "10.20.0.2").expecting()
            #expect(try await bench.status("sides").nf("denied").received.packets == 0)
            try await bench.host("visitor", "bash", "-c", "echo > /dev/udp/10.20.0.2/9").expecting()
            try await eventually("what is denied takes the other way") {
                try await bench.status("sides").nf("denied").received.packets == 1
            }
        }
    }

    @Test func aFlashIDIsFoundByWhatTheKernelShows() async throws {
        let queues = ["numtxqueues", "4", "numrxqueues", "4"]
        try await run(["ip", "link", "add", "flk-id"] + queues + ["type", "veth"]).expecting()
        do {
            try await run(["ip", "link", "set", "flk-id", "up"]).expecting()
            try identifiersAgree(on: try Device.find("flk-id"))
        } catch {
            try await run(["ip", "link", "delete", "flk-id"]).expecting()
            throw error
        }
        try await run(["ip", "link", "delete", "flk-id"]).expecting()
    }

    private func identifiersAgree(on device: Device) throws {
        let memory = try TestMemory()
        let first = try XDPSocket.open(device: device, queue: 0, memory: memory.registration, zeroCopy: .off)
        let second = try XDPSocket.open(
            device: device, queue: 2, memory: .share(with: first.descriptor.rawValue), zeroCopy: .off)
        let (one, two) = (first.descriptor.rawValue, second.descriptor.rawValue)
        #expect(
            try FlashKernel.shownIdentifier(device: device, queue: 0)
                == FlashKernel.identifier(of: one, device: device, queue: 0))
        #expect(
            try FlashKernel.shownIdentifier(device: device, queue: 2)
                == FlashKernel.identifier(of: two, device: device, queue: 2))
        let error = #expect(throws: SystemError.self) { try FlashKernel.shownIdentifier(device: device, queue: 1) }
        #expect(error?.description.contains("shows 0 sockets on queue 1 of flk-id") == true)
    }

    @Test func aChainChangesItsDatapath() async throws {
        try await TestBench.with { bench in
            for datapath in ["shared", "flash", "shared"] {
                try await bench.apply(stream("a -> b", datapath: datapath))
                let status = try await bench.status("stream")
                status.expectHealthy()
                #expect(status.datapath == datapath)
                #expect(status.ports.isEmpty == (datapath == "shared"))
                try await flows(bench)
            }
        }
    }

    /// A port's socket is held by the daemon and by the NF's worker; where both die, it is made anew.
    @Test func aPortThatDiedWithAllItsHoldersIsMadeAnew() async throws {
        try await TestBench.with { bench in
            try await bench.apply(stream("a -> b"))
            try await flows(bench)
            let before = try await bench.status("stream")
            let worker = try #require(try before.nf("b").pid)
            let daemon = try await bench.daemon().pid
            kill(pid_t(daemon), SIGKILL)
            kill(pid_t(worker), SIGKILL)
            try await eventually("they end") { !isRunning(daemon) && !isRunning(worker) }
            try await bench.startDaemon()
            try await flows(bench)
            let after = try await bench.status("stream")
            after.expectHealthy()
            #expect(try after.nf("a").pid == before.nf("a").pid)
            #expect(after.ports.first { $0.nf == "b" }?.flashID != before.ports.first { $0.nf == "b" }?.flashID)
            #expect(after.ports.first { $0.nf == "a" }?.flashID == before.ports.first { $0.nf == "a" }?.flashID)
        }
    }

    @Test(arguments: ["is gone", "is down", "is another one now"])
    func theChainIsMadeAnewWhereTheDeviceOfItsPorts(fault: String) async throws {
        try await TestBench.with { bench in
            try await bench.apply(stream("a"))
            let device = try #require(try await bench.status("stream").ports.first?.device)
            if fault == "is down" {
                try await run(["ip", "link", "set", device, "down"]).expecting()
            } else {
                let alias = try #require(SystemFile.line("/sys/class/net/\(device)/ifalias"))
                try await run(["ip", "link", "delete", device]).expecting()
                if fault == "is another one now" {
                    try await run(["ip", "link", "add", device, "type", "dummy"]).expecting()
                    try await run(["ip", "link", "set", device, "up", "alias", alias]).expecting()
                }
            }
            let status = try await bench.status("stream")
            #expect(status.state == .degraded)
            #expect(status.differences.first?.message == "the device \(device) of its ports \(fault)")
            try await bench.apply(stream("a"))
            try await flows(bench)
            try await bench.status("stream").expectHealthy()
        }
    }

    @Test func withoutTheRightToWriteRulesFlashIsRefusedAndAutoIsShared() async throws {
        try await run(["mount", "-o", "remount,ro", "/sys"]).expecting()
        let refused: CommandResult
        let shared: CommandResult
        do {
            (refused, shared) = try await Self.plans(stream("a", datapath: "flash"), stream("a"))
        } catch {
            try await run(["mount", "-o", "remount,rw", "/sys"]).expecting()
            throw error
        }
        try await run(["mount", "-o", "remount,rw", "/sys"]).expecting()
        #expect(refused.messages.contains("datapath: flash cannot be used: /sys/kernel/flash cannot be written"))
        #expect(refused.messages.contains("help: "))
        let fallen = try shared.json(PlanReply.self)
        #expect(fallen.datapath == "shared")
        #expect(fallen.fallback?.hasPrefix("/sys/kernel/flash cannot be written") == true)
    }

    /// By a daemon.
    private static func plans(_ first: String, _ second: String) async throws -> (CommandResult, CommandResult) {
        var results: [CommandResult] = []
        try await TestBench.with { bench in
            try await bench.startDaemon()
            for text in [first, second] {
                results.append(try await bench.flashOrch("plan", "-", "-o", "json", input: text))
            }
        }
        return (results[0], results[1])
    }
}
