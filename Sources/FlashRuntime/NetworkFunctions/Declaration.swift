// SPDX-License-Identifier: Apache-2.0

/// What a program says of itself, as data: the decoder's diagnostics, `flash-orch nf`, the JSON Schema and
/// the documentation derive from it.
package struct ProgramDeclaration: Codable, Hashable, Sendable {
    /// The word behind `program:` in a topology.
    package var name: String
    /// One sentence without a full stop.
    package var summary: String
    /// True for a program that takes no packets and only makes them.
    package var isSource: Bool
    /// The parameter that says how many bytes the packets of a source have; a frame has to have room for them.
    package var packetSize: String?
    package var outputs: Outputs
    package var parameters: [Parameter]
    /// Names of the counters that the program keeps beside the common ones, in the order of their slots
    /// (`ProgramCounters`); at most `ProgramCounters.capacity`.
    package var counters: [String]
    /// The counters that are no sums, and what stands for several threads.
    package var extremes: [String: Extreme]

    package enum Extreme: Codable, Hashable, Sendable {
        case lowest, highest
    }

    /// The numbered, named ways out of a program; output 0 is the default one.
    package enum Outputs: Codable, Hashable, Sendable {
        case fixed([String])
        /// One output per element of the list parameter with this name, named after the element (`maglev`).
        case perElement(ofParameter: String)
    }

    package init(
        name: String, summary: String, isSource: Bool = false, packetSize: String? = nil, outputs: Outputs,
        parameters: [Parameter] = [], counters: [String] = [], extremes: [String: Extreme] = [:]
    ) {
        self.name = name
        self.summary = summary
        self.isSource = isSource
        self.packetSize = packetSize
        self.outputs = outputs
        self.parameters = parameters
        self.counters = counters
        self.extremes = extremes
    }

    /// What stands for several threads, of which some have counted `total` and another one `count`.
    package func merged(_ total: UInt64, _ count: UInt64, counter: String) -> UInt64 {
        switch extremes[counter] {
        case nil: total &+ count
        case .highest: max(total, count)
        case .lowest: total == 0 || count == 0 ? max(total, count) : min(total, count)
        }
    }
}

extension ProgramDeclaration {
    /// A parameter below `config:`.
    package struct Parameter: Codable, Hashable, Sendable {
        package var name: String
        /// One sentence without a full stop.
        package var summary: String
        package var type: ParameterType
        /// For example `packets/s`, `bytes`; nil where the type says all.
        package var unit: String?
        /// nil: the parameter has to be given, unless it `isOptional`.
        package var defaultValue: ParameterValue?
        /// True where the parameter may be left out although it has no default.
        package var isOptional: Bool
        /// True where a running NF takes a new value; else a change restarts that NF.
        package var isLive: Bool

        package init(
            name: String, summary: String, type: ParameterType, unit: String? = nil,
            defaultValue: ParameterValue? = nil, isOptional: Bool = false, isLive: Bool = true
        ) {
            self.name = name
            self.summary = summary
            self.type = type
            self.unit = unit
            self.defaultValue = defaultValue
            self.isOptional = isOptional
            self.isLive = isLive
        }
    }

    package indirect enum ParameterType: Codable, Hashable, Sendable {
        case boolean
        case integer(ClosedRange<Int>)
        case string
        /// One of these words.
        case choice([String])
        /// `02:00:00:00:00:01`
        case macAddress
        /// IPv4 or IPv6, without a prefix length.
        case ipAddress
        case list(of: ParameterType, count: ClosedRange<Int>)
    }

    /// Output names of the program under this configuration (already checked against `parameters`).
    package func outputNames(configuration: ProgramConfiguration) -> [String] {
        switch outputs {
        case .fixed(let names):
            return names
        case .perElement(let parameter):
            guard case .list(let elements)? = configuration.values[parameter] else { return [] }
            return elements.map(\.description)
        }
    }
}

/// A value of a parameter.
package indirect enum ParameterValue: Codable, Hashable, Sendable, CustomStringConvertible {
    case boolean(Bool)
    case integer(Int)
    case string(String)
    case list([ParameterValue])

    package var description: String {
        switch self {
        case .boolean(let value): return String(value)
        case .integer(let value): return String(value)
        case .string(let value): return value
        case .list(let values): return "[" + values.map(\.description).joined(separator: ", ") + "]"
        }
    }
}

/// The configuration of an NF: a value for each parameter that was given or has a default.
package struct ProgramConfiguration: Codable, Hashable, Sendable {
    package var values: [String: ParameterValue]

    package init(_ values: [String: ParameterValue] = [:]) {
        self.values = values
    }
}

/// Why a program does not take a configuration whose values have the declared types.
package struct ConfigurationError: Error, Hashable, Sendable {
    package var parameter: String
    /// The element of a list parameter that is at fault.
    package var element: Int?
    /// Where in the text of the value (in scalars, from 0), for a caret inside it.
    package var offset: Int?
    /// One sentence without a full stop.
    package var message: String
    /// What to write instead.
    package var help: String?

    package init(parameter: String, element: Int? = nil, offset: Int? = nil, message: String, help: String? = nil) {
        self.parameter = parameter
        self.element = element
        self.offset = offset
        self.message = message
        self.help = help
    }
}
