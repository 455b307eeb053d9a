// SPDX-License-Identifier: Apache-2.0

package import FlashRuntime

/// The JSON shape of `flash-orch nf -o json`, version 1.
package enum ProgramShape {
    package static func list(_ programs: [ProgramDeclaration]) -> JSONValue {
        .object(["version": .integer(1), "programs": .array(programs.map(value))])
    }

    private static func value(_ program: ProgramDeclaration) -> JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(program.name), "summary": .string(program.summary), "source": .boolean(program.isSource),
            "parameters": .array(program.parameters.map(value)),
            "counters": .array(program.counters.map(JSONValue.string)),
        ]
        switch program.outputs {
        case .fixed(let names): members["outputs"] = .array(names.map(JSONValue.string))
        case .perElement(let parameter): members["outputs_from"] = .string(parameter)
        }
        return .object(members)
    }

    private static func value(_ parameter: ProgramDeclaration.Parameter) -> JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(parameter.name), "summary": .string(parameter.summary), "type": value(parameter.type),
            "required": .boolean(parameter.defaultValue == nil && !parameter.isOptional),
            "live": .boolean(parameter.isLive),
        ]
        if let unit = parameter.unit { members["unit"] = .string(unit) }
        if let value = parameter.defaultValue { members["default"] = JSONValue(value) }
        return .object(members)
    }

    private static func value(_ type: ProgramDeclaration.ParameterType) -> JSONValue {
        switch type {
        case .boolean: .object(["name": "boolean"])
        case .integer(let range): .object(["name": "integer"].merging(bounds(range)) { $1 })
        case .string: .object(["name": "string"])
        case .choice(let words): .object(["name": "choice", "words": .array(words.map(JSONValue.string))])
        case .macAddress: .object(["name": "mac-address"])
        case .ipAddress: .object(["name": "ip-address"])
        case .list(let element, let count):
            .object(["name": "list", "of": value(element)].merging(bounds(count)) { $1 })
        }
    }

    /// No upper bound is said where it is only that of the number's type.
    private static func bounds(_ range: ClosedRange<Int>) -> [String: JSONValue] {
        var members: [String: JSONValue] = ["minimum": .integer(range.lowerBound)]
        if range.upperBound != .max { members["maximum"] = .integer(range.upperBound) }
        return members
    }
}

extension JSONValue {
    package init(_ value: ParameterValue) {
        switch value {
        case .boolean(let value): self = .boolean(value)
        case .integer(let value): self = .integer(value)
        case .string(let value): self = .string(value)
        case .list(let values): self = .array(values.map(JSONValue.init))
        }
    }
}
