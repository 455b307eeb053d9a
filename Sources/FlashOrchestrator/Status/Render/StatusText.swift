// SPDX-License-Identifier: Apache-2.0

/// A status report as `flash-orch status` prints it.
package enum StatusText {
    /// Ends with a newline.
    package static func text(_ report: StatusReport, style: TextStyle = .plain) -> String {
        guard !report.topologies.isEmpty else { return "no topology runs\n" }
        return report.topologies.map { topology($0, style) }.joined(separator: "\n")
    }

    private static func topology(_ topology: TopologyStatus, _ style: TextStyle) -> String {
        let parts = [
            heading(topology, style), functions(topology.nfs).map { $0.text(style) } ?? "",
            counters(topology.nfs).map { $0.text(style) } ?? "", logs(topology.nfs),
            links(topology.links).map { $0.text(style) } ?? "", queues(topology.queues).map { $0.text(style) } ?? "",
            ports(topology.ports).map { $0.text(style) } ?? "", hosts(topology.hosts).map { $0.text(style) } ?? "",
            differences(topology.differences, style),
        ]
        return parts.filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private static func heading(_ topology: TopologyStatus, _ style: TextStyle) -> String {
        let frames = topology.frames
        var counts = "\(frames.inRings) in rings, \(frames.inQueues) in queues, \(frames.free) free"
        if frames.missing > 0 { counts += ", \(frames.missing) missing" }
        if frames.duplicated > 0 { counts += ", \(frames.duplicated) duplicated" }
        let state = style.paint(topology.state.rawValue, paint(topology.state))
        return """
            \(style.paint(topology.name.printable, .bold)): \(state) since \(topology.since.printable), \
            \(PlanText.datapath(topology.datapath, topology.fallback)), from \(topology.file.printable)
            frames: \(frames.total) of \(Units.bytes(UInt64(clamping: frames.size))): \(counts)

            """ + (topology.notice.map { style.paint("notice: \($0.printable)", .yellow) + "\n" } ?? "")
    }

    private static func functions(_ functions: [FunctionStatus]) -> TextTable? {
        guard !functions.isEmpty else { return nil }
        var table = TextTable(
            ("NF", .left), ("PROGRAM", .left), ("STATE", .left), ("PID", .right), ("THREADS", .right), ("CPU", .right),
            ("MEMORY", .right), ("RECEIVED", .right), ("BITS", .right), ("SENT", .right), ("BLOCKED", .right),
            ("RESTARTS", .right), ("DROPPED", .left))
        for nf in functions {
            table.add(
                "\(nf.name)", "\(nf.program)", .init(nf.state.rawValue, paint(nf.state)),
                "\(nf.pid.map(String.init) ?? "-")", "\(nf.threads)", "\(Units.fixed(nf.cpu, digits: 0)) %",
                "\(Units.bytes(nf.resident))", "\(Units.rate(nf.received.packetsPerSecond))",
                "\(Units.bits(nf.received.bitsPerSecond))", "\(Units.rate(nf.sent.packetsPerSecond))",
                "\(Units.duration(milliseconds: nf.blocked))",
                .init(String(nf.restarts), nf.restarts > 0 ? .yellow : nil), "\(reasons(nf.drops))")
        }
        return table
    }

    private static func counters(_ functions: [FunctionStatus]) -> TextTable? {
        let counting = functions.filter { nf in nf.counters.values.contains { $0 > 0 } }
        guard !counting.isEmpty else { return nil }
        var table = TextTable(("NF", .left), ("COUNTERS", .left))
        for nf in counting { table.add("\(nf.name)", "\(reasons(nf.counters))") }
        return table
    }

    private static func logs(_ functions: [FunctionStatus]) -> String {
        functions.filter { !$0.log.isEmpty }.map { nf in
            "last lines of \(nf.name.printable):\n" + nf.log.map { "  \($0.printable)\n" }.joined()
        }.joined(separator: "\n")
    }

    private static func links(_ links: [LinkStatus]) -> TextTable? {
        guard !links.isEmpty else { return nil }
        var table = TextTable(
            ("LINK", .left), ("PATH", .left), ("ID", .right), ("PACKETS", .right), ("RATE", .right), ("BITS", .right),
            ("RING", .right), ("CARRIES", .left))
        for link in links {
            table.add(
                "\(link.source) -> \(link.target)", "\(link.path)", "\(link.flashID)", "\(link.packets)",
                "\(Units.rate(link.packetsPerSecond))", "\(Units.bits(link.bitsPerSecond))",
                "\(link.rings == 0 ? "-" : "\(link.used)/\(link.capacity)")",
                link.isProven ? .init("yes", .green) : .init("not proven", .yellow))
        }
        return table
    }

    private static func queues(_ queues: [QueueStatus]) -> TextTable? {
        guard !queues.isEmpty else { return nil }
        var table = TextTable(
            ("QUEUE", .left), ("DEVICE", .left), ("MODE", .left), ("ID", .right), ("RECEIVED", .right),
            ("BITS", .right), ("SENT", .right), ("BITS", .right), ("PASSED", .right), ("DROPPED", .left))
        for queue in queues {
            let mode = queue.isAttached ? queue.mode + (queue.isZeroCopy ? ", zero-copy" : "") : "not attached"
            table.add(
                "\(queue.interface):\(queue.queue)", "\(queue.device)", .init(mode, queue.isAttached ? nil : .red),
                "\(queue.flashID)", "\(Units.rate(queue.received.packetsPerSecond))",
                "\(Units.bits(queue.received.bitsPerSecond))", "\(Units.rate(queue.sent.packetsPerSecond))",
                "\(Units.bits(queue.sent.bitsPerSecond))", "\(queue.passed)", "\(reasons(queue.drops))")
        }
        return table
    }

    private static func ports(_ ports: [PortStatus]) -> TextTable? {
        guard !ports.isEmpty else { return nil }
        var table = TextTable(
            ("PORT", .left), ("PATH", .left), ("ID", .right), ("NEXT", .left), ("RING", .right), ("RECEIVED", .right),
            ("SENT", .right), ("BLOCKED", .right), ("REFUSED", .left))
        for port in ports {
            let path = port.visit == 1 ? port.path : "\(port.path), visit \(port.visit)"
            table.add(
                "\(port.nf)/\(port.thread)", "\(path)", "\(port.flashID)",
                "\(port.next.isEmpty ? "-" : port.next.map(String.init).joined(separator: " "))",
                "\(port.used)/\(port.capacity)", "\(port.statistics["received", default: 0])",
                "\(port.statistics["redirected", default: 0])", "\(port.statistics["blocked", default: 0])",
                "\(reasons(port.refused))")
        }
        return table
    }

    private static func hosts(_ hosts: [HostStatus]) -> TextTable? {
        guard !hosts.isEmpty else { return nil }
        var table = TextTable(("HOST", .left), ("NAMESPACE", .left), ("INTERFACE", .left), ("ADDRESS", .left))
        for host in hosts { table.add("\(host.name)", "\(host.namespace)", "\(host.interface)", "\(host.address)") }
        return table
    }

    private static func differences(_ differences: [Difference], _ style: TextStyle) -> String {
        guard !differences.isEmpty else { return "" }
        return "differs from the applied file:\n"
            + differences.map { difference in
                """
                  \(style.paint(difference.subject.printable, .yellow)): \(difference.message.printable)
                    help: \(difference.help.printable)

                """
            }.joined()
    }

    /// `12 policy, 3 truncated`, the most frequent first.
    private static func reasons(_ counts: [String: UInt64]) -> String {
        counts.filter { $0.value > 0 }
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private static func paint(_ state: TopologyState) -> TextStyle.Paint {
        switch state {
        case .running: .green
        case .applying, .degraded: .yellow
        case .failed: .red
        }
    }

    private static func paint(_ state: FunctionState) -> TextStyle.Paint {
        switch state {
        case .running: .green
        case .waiting: .yellow
        case .failed: .red
        }
    }
}
