// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import FlashRuntime
import Testing

@Suite struct DoctorTextTests {
    @Test func adviceStandsBelowWhatWasFound() {
        let text = DoctorText.render([
            DoctorLine("kernel", .ok, "Linux 6.12.0"),
            DoctorLine("iproute2", .missing, "no ip", advice: "apt install iproute2"),
        ])
        #expect(
            text == """
                ok       kernel    Linux 6.12.0
                missing  iproute2  no ip
                                   -> apt install iproute2

                """)
    }
}
