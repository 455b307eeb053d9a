// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct FlashKernelTests {
    @Test(arguments: [[], [7], [2, 3], [5, 5, 9]]) func aRuleIsReadAsTheKernelPrintsIt(rule: [Int]) {
        let lines = rule.enumerated().map { "\($0)       \($1)\n" }.joined()
        #expect(FlashKernel.parse(rule.isEmpty ? "-1\n" : "index   flash_id\n" + lines) == rule)
    }

    @Test(arguments: [
        "", "2", "-1 2", "index   flash_id\n1       2\n", "index   flash_id\n0\n", "index   flash_id\n0  x\n",
    ])
    func whatIsNoRuleIsNone(text: String) {
        #expect(FlashKernel.parse(text) == nil)
    }

    @Test func aRuleIsWrittenInOneLine() {
        #expect(FlashKernel.format([]) == "-1")
        #expect(FlashKernel.format([4]) == "4")
        #expect(FlashKernel.format([4, 2, 4]) == "4 2 4")
    }

    @Test func devicesOfTopologiesHaveNamesThatTheKernelTakes() {
        let names = ["a", "quickstart", String(repeating: "x", count: 63)].flatMap { topology in
            ["/run/flash-orch", "/tmp/mine"].map { SocketDevice.name(for: topology, in: $0) }
        }
        #expect(Set(names).count == names.count)
        #expect(names.allSatisfy { $0.utf8.count <= 15 })
    }
}
