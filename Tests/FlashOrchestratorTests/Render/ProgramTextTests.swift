// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Testing

@Suite struct ProgramTextTests {
    private let balancer = ProgramDeclaration(
        name: "balance", summary: "Spreads flows", outputs: .perElement(ofParameter: "backends"),
        parameters: [
            .init(
                name: "backends", summary: "Who gets them", type: .list(of: .ipAddress, count: 1...8), isLive: false),
            .init(
                name: "rate", summary: "How many at most", type: .integer(0 ... .max), unit: "packets/s",
                defaultValue: .integer(0)),
            .init(name: "mode", summary: "How", type: .choice(["a", "b"]), defaultValue: .string("")),
        ], counters: ["tcp", "udp"])
    private let sink = ProgramDeclaration(name: "sink", summary: "Ends packets", outputs: .fixed([]))

    @Test func list() {
        #expect(
            ProgramText.list([balancer, sink]) == """
                PROGRAM  OUTPUTS                   WHAT IT DOES
                balance  one for each of backends  Spreads flows
                sink     none                      Ends packets

                """)
    }

    @Test func details() {
        #expect(
            ProgramText.details(balancer) == """
                balance: Spreads flows

                outputs: one for each of backends
                counters: tcp, udp

                PARAMETER  TYPE                        DEFAULT   CHANGED          WHAT IT IS
                backends   list of 1 to 8: IP address  required  restarts the NF  Who gets them
                rate       integer, from 0, packets/s  0         live             How many at most
                mode       a or b                      ""        live             How

                """)
        #expect(ProgramText.details(sink) == "sink: Ends packets\n\noutputs: none\n\nIt has no parameters.\n")
    }
}
