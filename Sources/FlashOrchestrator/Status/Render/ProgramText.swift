// SPDX-License-Identifier: Apache-2.0

package import FlashRuntime

/// Programs as `flash-orch nf` prints them, from their own declarations.
package enum ProgramText {
    /// One line a program; ends with a newline.
    package static func list(_ programs: [ProgramDeclaration], style: TextStyle = .plain) -> String {
        var table = TextTable(("PROGRAM", .left), ("OUTPUTS", .left), ("WHAT IT DOES", .left))
        for program in programs { table.add("\(program.name)", "\(outputs(program))", "\(program.summary)") }
        return table.text(style)
    }

    /// All that a program declares; ends with a newline.
    package static func details(_ program: ProgramDeclaration, style: TextStyle = .plain) -> String {
        var text = "\(style.paint(program.name, .bold)): \(program.summary)\n\noutputs: \(outputs(program))\n"
        if !program.counters.isEmpty { text += "counters: \(program.counters.joined(separator: ", "))\n" }
        guard !program.parameters.isEmpty else { return text + "\nIt has no parameters.\n" }
        var table = TextTable(
            ("PARAMETER", .left), ("TYPE", .left), ("DEFAULT", .left), ("CHANGED", .left), ("WHAT IT IS", .left))
        for parameter in program.parameters {
            table.add(
                "\(parameter.name)", "\(type(parameter.type))\(parameter.unit.map { ", \($0)" } ?? "")",
                "\(parameter.defaultValue.map(value) ?? (parameter.isOptional ? "none" : "required"))",
                parameter.isLive ? "live" : "restarts the NF",
                "\(parameter.summary)")
        }
        return text + "\n" + table.text(style)
    }

    private static func outputs(_ program: ProgramDeclaration) -> String {
        switch program.outputs {
        case .fixed(let names): names.isEmpty ? "none" : names.joined(separator: ", ")
        case .perElement(let parameter): "one for each of \(parameter)"
        }
    }

    private static func value(_ value: ParameterValue) -> String {
        let text = value.description
        return text.isEmpty ? "\"\"" : text
    }

    private static func type(_ type: ProgramDeclaration.ParameterType) -> String {
        switch type {
        case .boolean: "true or false"
        case .integer(let range) where range.upperBound == .max: "integer, from \(range.lowerBound)"
        case .integer(let range): "integer, \(range.lowerBound) to \(range.upperBound)"
        case .string: "text"
        case .choice(let words): words.joined(separator: " or ")
        case .macAddress: "MAC address"
        case .ipAddress: "IP address"
        case .list(let element, let count): "list of \(count.lowerBound) to \(count.upperBound): \(self.type(element))"
        }
    }
}
