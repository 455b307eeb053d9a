// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct TextTableTests {
    @Test func columnsAreAlignedAndNoLineEndsInSpaces() {
        var table = TextTable(("NAME", .left), ("RATE", .right), ("NOTHING", .left), ("WHY", .left))
        table.add("a", "1.23 M/s", "", "")
        table.add("firewall", "0/s", "", "x")
        #expect(
            table.text(.plain) == """
                NAME          RATE  WHY
                a         1.23 M/s
                firewall       0/s  x

                """)
    }

    @Test func paintDoesNotMoveColumns() {
        var table = TextTable(("A", .left), ("B", .right))
        table.add(.init("x", .red), .init("1", .green))
        #expect(
            table.text(.colored)
                == "\u{1B}[2mA\u{1B}[0m  \u{1B}[2mB\u{1B}[0m\n\u{1B}[31mx\u{1B}[0m  \u{1B}[32m1\u{1B}[0m\n")
    }

    @Test func whatATerminalWouldObeyIsReplaced() {
        var table = TextTable(("A", .left))
        table.add("a\u{1B}[2Jb\n\u{202E}c")
        #expect(table.text(.plain) == "A\na\u{FFFD}[2Jb\u{FFFD}\u{FFFD}c\n")
    }
}
