// SPDX-License-Identifier: Apache-2.0

package import FlashRuntime

/// The topology file's schema as JSON Schema (draft 2020-12), for editors: derived from what the decoder checks.
package enum JSONSchema {
    /// - Parameter programs: their parameters become the schema of `config`.
    package static func topology(programs: [ProgramDeclaration]) -> JSONValue {
        var document = object(TopologySchema.file)
        document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        document["title"] = "flash-orch topology"
        document["$defs"] = .object([
            // Any scalar may be a variable, or have one in it.
            "variable": .object(["type": "string", "pattern": "\\$\\{"]),
            TopologySchema.functionDefinition: function(programs: programs),
        ])
        return .object(document)
    }

    private static func function(programs: [ProgramDeclaration]) -> JSONValue {
        var schema = object(TopologySchema.function)
        if case .object(var properties)? = schema["properties"], case .object(var program)? = properties["program"] {
            program["examples"] = .array(programs.map { .string($0.name) })
            properties["program"] = .object(program)
            schema["properties"] = .object(properties)
        }
        schema["allOf"] = .array(
            programs.map { program in
                let configuration = object(TopologySchema.configuration(of: program))
                let isRequired = program.parameters.contains { $0.defaultValue == nil && !$0.isOptional }
                var then: [String: JSONValue] = ["properties": .object(["config": nullable(configuration, isRequired)])]
                if isRequired { then["required"] = .array(["config"]) }
                return .object([
                    "if": .object(["properties": .object(["program": .object(["const": .string(program.name)])])]),
                    "then": .object(then),
                ])
            })
        return .object(schema)
    }

    private static func object(_ schema: MappingSchema) -> [String: JSONValue] {
        var properties: [String: JSONValue] = [:]
        for field in schema.fields {
            var property = value(field.schema)
            property["description"] = .string(field.summary)
            properties[field.key] = field.isRequired ? .object(property) : nullable(property, false)
        }
        var result: [String: JSONValue] = [
            "type": "object", "properties": .object(properties), "additionalProperties": false,
        ]
        let required = schema.fields.filter(\.isRequired).map { JSONValue.string($0.key) }
        if !required.isEmpty { result["required"] = .array(required) }
        if schema.allowsExtensions { result["patternProperties"] = .object(["^x-": true]) }
        return result
    }

    /// A key with nothing behind it counts as one that is not there.
    private static func nullable(_ schema: [String: JSONValue], _ isRequired: Bool) -> JSONValue {
        if isRequired { return .object(schema) }
        var schema = schema
        let description = schema.removeValue(forKey: "description")
        var result: [String: JSONValue] = ["anyOf": .array([.object(schema), .object(["type": "null"])])]
        if let description { result["description"] = description }
        return .object(result)
    }

    private static func value(_ schema: ValueSchema) -> [String: JSONValue] {
        switch schema {
        case .boolean:
            return scalar(["type": "boolean"])
        case .integer(let range):
            return scalar([
                "type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
            ])
        case .integerChoice(let values):
            return scalar(["enum": .array(values.map(JSONValue.integer))])
        case .word(let words):
            return scalar(["enum": .array(words.map(JSONValue.string) + boolean(words))])
        case .text(let rule):
            guard let pattern = rule.pattern else { return ["type": .array(["string", "number", "boolean"])] }
            return scalar(["type": "string", "pattern": .string(pattern)])
        case .list(let element, let count, let isSet):
            var result: [String: JSONValue] = ["type": "array", "items": .object(value(element))]
            if count.lowerBound > 0 { result["minItems"] = .integer(count.lowerBound) }
            if count.upperBound < Int.max { result["maxItems"] = .integer(count.upperBound) }
            if isSet { result["uniqueItems"] = true }
            return result
        case .mapping(let mapping):
            return mapping.definition.map { ["$ref": .string("#/$defs/\($0)")] } ?? object(mapping)
        case .named(let rule, let schema):
            var names: [String: JSONValue] = [:]
            if let pattern = rule.pattern { names["pattern"] = .string(pattern) }
            return [
                "type": "object", "propertyNames": .object(names), "additionalProperties": .object(value(schema)),
            ]
        case .scalarOrList(let scalar, let list):
            return ["anyOf": .array([.object(value(scalar)), .object(value(list))])]
        case .dependent:
            return ["type": "object"]
        }
    }

    private static func scalar(_ schema: [String: JSONValue]) -> [String: JSONValue] {
        ["anyOf": .array([.object(schema), .object(["$ref": "#/$defs/variable"])])]
    }

    /// Editors that read YAML 1.1 take `off` for a boolean.
    private static func boolean(_ words: [String]) -> [JSONValue] {
        words.contains("off") ? [false] : []
    }
}
