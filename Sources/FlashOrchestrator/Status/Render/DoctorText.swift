// SPDX-License-Identifier: Apache-2.0

package import FlashRuntime

/// What a machine can do, as `flash-orch doctor` prints it.
package enum DoctorText {
    /// A line each, and below it what to do; ends with a newline.
    package static func render(_ lines: [DoctorLine], style: TextStyle = .plain) -> String {
        let width = lines.map(\.name.count).max() ?? 0
        var text = ""
        for line in lines {
            let state = style.paint(line.state.rawValue.padded(to: 7), paint(line.state))
            text += "\(state)  \(line.name.printable.padded(to: width))  \(line.found.printable)\n"
            if let advice = line.advice {
                text += String(repeating: " ", count: 7 + 2 + width + 2) + "-> \(advice.printable)\n"
            }
        }
        return text
    }

    private static func paint(_ state: DoctorLine.State) -> TextStyle.Paint {
        switch state {
        case .ok: .green
        case .warning: .yellow
        case .missing: .red
        }
    }
}
