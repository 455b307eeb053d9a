// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct UnitsTests {
    @Test(
        arguments: [
            (0, "0/s"), (0.4, "0/s"), (950, "950/s"), (999.4, "999/s"), (999.5, "1.00 k/s"), (1234, "1.23 k/s"),
            (12_345, "12.3 k/s"), (123_456, "123 k/s"), (9_999_999, "10.0 M/s"), (22.9e6, "22.9 M/s"),
            (1e12, "1.00 T/s"),
            (1e30, "1000000000000 E/s"), (-1, "?/s"), (.nan, "?/s"), (.infinity, "?/s"),
        ] as [(Double, String)])
    func rate(value: Double, text: String) {
        #expect(Units.rate(value) == text)
    }

    @Test func bits() {
        #expect(Units.bits(0) == "0 bit/s")
        #expect(Units.bits(5.7e9) == "5.70 Gbit/s")
    }

    @Test func bytes() {
        #expect(Units.bytes(512) == "512 B")
        #expect(Units.bytes(2048) == "2.00 KiB")
        #expect(Units.bytes(47 << 20) == "47.0 MiB")
        #expect(Units.bytes(.max) == "16.0 EiB")
    }

    @Test(
        arguments: [
            (0, "0.0 ms"), (0.84, "0.8 ms"), (9.96, "10 ms"), (99, "99 ms"), (99.6, "0.10 s"), (412, "0.41 s"),
            (12_345, "12.3 s"), (-1, "?"), (.nan, "?"),
        ] as [(Double, String)])
    func duration(milliseconds: Double, text: String) {
        #expect(Units.duration(milliseconds: milliseconds) == text)
    }

    @Test func fixed() {
        #expect(Units.fixed(-0.04, digits: 1) == "0.0")
        #expect(Units.fixed(-1.25, digits: 1) == "-1.3")
        #expect(Units.fixed(0.005, digits: 2) == "0.01")
        #expect(Units.fixed(1e300, digits: 1) == "?")
    }

    @Test func count() {
        #expect(Units.count(1, "NF") == "1 NF")
        #expect(Units.count(0, "packet") == "0 packets")
    }
}
