// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct StatusTextTests {
    private let daemon = DaemonStatus(pid: 1, since: "2025-11-25T10:00:00Z", resident: 1 << 20)

    private func report(_ topologies: TopologyStatus...) -> StatusReport {
        StatusReport(daemon: daemon, topologies: topologies)
    }

    private var quickstart: TopologyStatus {
        var topology = TopologyStatus(
            name: "quickstart", file: "quickstart.yaml", datapath: "shared", state: .running,
            since: "2025-11-25T10:00:01Z",
            frames: FrameStatus(total: 16384, size: 2048, inRings: 4096, inQueues: 8192, free: 4096))
        topology.nfs = [
            FunctionStatus(
                name: "firewall", program: "firewall", state: .running, pid: 4711, threads: 1, cpu: 12.4,
                resident: 5 << 20, received: Traffic(packets: 10, bytes: 1000, packetsPerSecond: 1.2e6),
                sent: Traffic(packetsPerSecond: 1.19e6), drops: ["policy": 12, "truncated": 30, "malformed": 12]),
            FunctionStatus(
                name: "count", program: "counter", state: .failed, threads: 2, restarts: 5,
                counters: ["tcp": 7, "udp": 0],
                log: ["Fatal error"]),
        ]
        topology.links = [
            LinkStatus(
                source: "lan:0", target: "firewall", path: "lan:0", flashID: 1, packets: 10, packetsPerSecond: 1.2e6,
                isProven: true),
            LinkStatus(
                source: "firewall", target: "count", path: "lan:0", flashID: 12, rings: 2, used: 3, capacity: 1024),
        ]
        topology.queues = [
            QueueStatus(
                interface: "lan", device: "fl-lan", queue: 0, mode: "native", isAttached: true, flashID: 3,
                received: Traffic(packetsPerSecond: 1.2e6, bitsPerSecond: 5.7e9), drops: ["rx_dropped": 4])
        ]
        topology.hosts = [
            HostStatus(
                name: "client", namespace: "quickstart-client", interface: "lan", device: "fl-lan",
                address: "10.10.0.1/24")
        ]
        topology.differences = [
            Difference(subject: "nf count", message: "it does not run", help: "flash-orch logs count")
        ]
        return topology
    }

    @Test func whyAutoIsSharedMemory() {
        var topology = quickstart
        topology.fallback = "it is read-only"
        #expect(
            StatusText.text(report(topology)).contains(
                ", shared datapath (auto: it is read-only), from quickstart.yaml\n"))
    }

    @Test func everythingOfATopology() {
        #expect(
            StatusText.text(report(quickstart)) == """
                quickstart: running since 2025-11-25T10:00:01Z, shared datapath, from quickstart.yaml
                frames: 16384 of 2.00 KiB: 4096 in rings, 8192 in queues, 4096 free

                NF        PROGRAM   STATE     PID  THREADS   CPU    MEMORY  RECEIVED     BITS      SENT  BLOCKED  RESTARTS  DROPPED
                firewall  firewall  running  4711        1  12 %  5.00 MiB  1.20 M/s  0 bit/s  1.19 M/s   0.0 ms         0  30 truncated, 12 malformed, 12 policy
                count     counter   failed      -        2   0 %       0 B       0/s  0 bit/s       0/s   0.0 ms         5

                NF     COUNTERS
                count  7 tcp

                last lines of count:
                  Fatal error

                LINK               PATH   ID  PACKETS      RATE     BITS    RING  CARRIES
                lan:0 -> firewall  lan:0   1       10  1.20 M/s  0 bit/s       -  yes
                firewall -> count  lan:0  12        0       0/s  0 bit/s  3/1024  not proven

                QUEUE  DEVICE  MODE    ID  RECEIVED         BITS  SENT     BITS  PASSED  DROPPED
                lan:0  fl-lan  native   3  1.20 M/s  5.70 Gbit/s   0/s  0 bit/s       0  4 rx_dropped

                HOST    NAMESPACE          INTERFACE  ADDRESS
                client  quickstart-client  lan        10.10.0.1/24

                differs from the applied file:
                  nf count: it does not run
                    help: flash-orch logs count

                """)
    }

    @Test func emptyPartsAreLeftOut() {
        let topology = TopologyStatus(
            name: "x", file: "x.yaml", datapath: "shared", state: .degraded, since: "t",
            frames: FrameStatus(total: 4, size: 2048, missing: 1, duplicated: 2))
        #expect(
            StatusText.text(report(topology, topology)) == """
                x: degraded since t, shared datapath, from x.yaml
                frames: 4 of 2.00 KiB: 0 in rings, 0 in queues, 0 free, 1 missing, 2 duplicated

                x: degraded since t, shared datapath, from x.yaml
                frames: 4 of 2.00 KiB: 0 in rings, 0 in queues, 0 free, 1 missing, 2 duplicated

                """)
    }

    @Test func nothingRuns() {
        #expect(StatusText.text(report()) == "no topology runs\n")
    }

    @Test func coloursOnlyWhereAsked() {
        #expect(!StatusText.text(report(quickstart)).contains("\u{1B}"))
        #expect(StatusText.text(report(quickstart), style: .colored).contains("\u{1B}[32mrunning\u{1B}[0m"))
    }
}
