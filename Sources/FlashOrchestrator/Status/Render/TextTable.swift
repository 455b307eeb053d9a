// SPDX-License-Identifier: Apache-2.0

/// Rows of cells under headings, in columns two spaces apart.
package struct TextTable {
    package struct Cell: ExpressibleByStringInterpolation {
        var text: String
        var paint: TextStyle.Paint?

        package init(_ text: String, _ paint: TextStyle.Paint? = nil) {
            self.text = text.printable
            self.paint = paint
        }

        package init(stringLiteral text: String) {
            self.init(text)
        }
    }

    package enum Alignment {
        case left
        case right
    }

    private let headings: [(String, Alignment)]
    private var rows: [[Cell]] = []

    package init(_ headings: (String, Alignment)...) {
        self.headings = headings
    }

    /// A row has a cell for each heading.
    package mutating func add(_ cells: Cell...) {
        rows.append(cells)
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// Ends with a newline. A column that holds nothing is left out.
    package func text(_ style: TextStyle) -> String {
        let all = [headings.map { Cell($0.0, .dim) }] + rows
        let shown = headings.indices.filter { column in rows.contains { !$0[column].text.isEmpty } }
        let widths = headings.indices.map { column in all.map { $0[column].text.count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            var gap = ""
            for column in shown {
                let cell = row[column]
                let space = String(repeating: " ", count: widths[column] - cell.text.count)
                let painted = style.paint(cell.text, cell.paint)
                // Spaces are held back until something follows, so that no line ends in them.
                switch headings[column].1 {
                case .left:
                    line += cell.text.isEmpty ? "" : gap + painted
                    gap = cell.text.isEmpty ? gap + space + "  " : space + "  "
                case .right:
                    line += cell.text.isEmpty ? "" : gap + space + painted
                    gap = cell.text.isEmpty ? gap + space + "  " : "  "
                }
            }
            return line + "\n"
        }.joined()
    }
}
