// SPDX-License-Identifier: Apache-2.0

internal import FlashRuntime
internal import YAMLBridge

extension TopologyDecoder {
    func functions(_ section: DecodedValue?, frameSize: Int?) -> [DeclaredFunction] {
        (section?.entries ?? []).map { entry in
            let value = entry.value
            var declared = DeclaredFunction(name: entry.key, keyRange: entry.keyRange, value: value)
            guard let program = program(value["program"]) else { return declared }
            declared.program = program
            let configuration = configuration(
                value["config"], of: program, keyRange: entry.keyRange, frameSize: frameSize)
            if case .fixed(let outputs) = program.outputs {
                declared.outputs = outputs
            }
            guard let configuration else { return declared }
            declared.outputs = program.outputNames(configuration: configuration)
            declared.function = Function(
                name: entry.key, program: program.name, configuration: configuration,
                threads: value["threads"]?.integer ?? 1,
                cpus: value["cpus"]?.list?.compactMap(\.integer) ?? [],
                wait: value.choice("wait", default: .adaptive),
                restart: value.choice("restart", default: .onFailure))
            return declared
        }
    }

    private func program(_ value: DecodedValue?) -> ProgramDeclaration? {
        guard let value, let name = value.text else { return nil }
        if let program = programs[name] { return program }
        log.add(
            .unknownProgram, "unknown program \(quoted(name))", at: value.range,
            help: [nearest(to: name, in: programs.names), "programs are " + programs.names.joined(separator: ", ")]
                .compactMap(\.self).joined(separator: " "))
        return nil
    }

    /// nil: reported.
    private func configuration(
        _ value: DecodedValue?, of program: ProgramDeclaration, keyRange: SourceRange, frameSize: Int?
    ) -> ProgramConfiguration? {
        if value?.isFaulty == true { return nil }
        let node = value?.node ?? YAMLNode(.mapping([]), range: keyRange)
        let section = schemas.decode(
            node, as: .mapping(TopologySchema.configuration(of: program)),
            label: SchemaDecoder.Label("config", keyRange: keyRange))
        var configuration = ProgramConfiguration()
        var isComplete = true
        for parameter in program.parameters {
            if let given = section[parameter.name] {
                let value = parameterValue(given)
                configuration.values[parameter.name] = value
                isComplete = isComplete && value != nil
            } else if let value = parameter.defaultValue {
                configuration.values[parameter.name] = value
            } else {
                isComplete = isComplete && parameter.isOptional
            }
        }
        guard isComplete, check(configuration, of: program, section: section, keyRange: keyRange) else { return nil }
        if let error = refusal(of: configuration, of: program, frameSize: frameSize) {
            report(error, in: section, keyRange: keyRange)
            return nil
        }
        return configuration
    }

    /// What a program makes has to fit into a frame of packet memory.
    ///
    /// - Parameter frameSize: nil where it is not known because its value is faulty.
    private func refusal(
        of configuration: ProgramConfiguration, of program: ProgramDeclaration, frameSize: Int?
    ) -> ConfigurationError? {
        guard let frameSize, let parameter = program.packetSize,
            case .integer(let size)? = configuration.values[parameter]
        else { return nil }
        let room = frameSize - Packet.headroom
        guard size > room else { return nil }
        let larger = TopologySchema.frameSizes.first { $0 - Packet.headroom >= size }
        return ConfigurationError(
            parameter: parameter, message: "a frame of \(frameSize) bytes has room for a packet of \(room)",
            help: larger.map { "'frame_size: \($0)' below 'umem' is enough for this one" })
    }

    /// A program tells of one fault at a time. Where that is an element of a list, the list is tried without it, so that
    /// all faulty elements are reported in one run.
    ///
    /// - Returns: true where the program takes the configuration.
    private func check(
        _ configuration: ProgramConfiguration, of program: ProgramDeclaration, section: DecodedValue,
        keyRange: SourceRange
    ) -> Bool {
        var rest = configuration
        /// Of lists that have lost elements: what the elements' indices were.
        var places: [String: [Int]] = [:]
        for attempt in 0..<Self.refusalLimit {
            guard var error = programs.check(program.name, rest) else { return attempt == 0 }
            let parameter = error.parameter
            guard let element = error.element, case .list(var values)? = rest.values[parameter],
                values.indices.contains(element)
            else {
                // Without an element that was wrong a list may be too short: that is no fault of the file.
                if places[parameter] == nil { report(error, in: section, keyRange: keyRange) }
                return false
            }
            var indices = places[parameter] ?? Array(values.indices)
            error.element = indices.remove(at: element)
            report(error, in: section, keyRange: keyRange)
            places[parameter] = indices
            values.remove(at: element)
            rest.values[parameter] = .list(values)
        }
        return false
    }

    /// So many faulty elements of one NF are reported.
    private static let refusalLimit = 20

    /// nil: faulty, or one of its elements is.
    private func parameterValue(_ value: DecodedValue) -> ParameterValue? {
        switch value.content {
        case .boolean(let boolean): return .boolean(boolean)
        case .integer(let integer): return .integer(integer)
        case .text(let text): return .string(text)
        case .list(let values):
            let elements = values.compactMap(parameterValue)
            return elements.count == values.count ? .list(elements) : nil
        case .mapping, .dependent, .faulty: return nil
        }
    }

    /// Points at the scalar of the file that the program is not content with, and into it where it says where.
    private func report(_ error: ConfigurationError, in section: DecodedValue, keyRange: SourceRange) {
        guard let given = section[error.parameter] else {
            log.add(
                .refusedConfiguration, "\(quoted(error.parameter)): \(error.message)", at: keyRange, help: error.help)
            return
        }
        let elements = given.list ?? []
        let value = error.element.flatMap { elements.indices.contains($0) ? elements[$0] : nil } ?? given
        let range = error.offset.map { value.node.range(ofScalars: $0..<($0 &+ 1)) } ?? value.range
        log.add(.refusedConfiguration, error.message, at: range, help: error.help)
    }
}
