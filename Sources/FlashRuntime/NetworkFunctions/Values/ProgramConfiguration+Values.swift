// SPDX-License-Identifier: Apache-2.0

/// How programs read their parameters. The decoder has checked types and filled in defaults; what is missing all the
/// same is an error, not a trap.
extension ProgramConfiguration {
    func boolean(_ name: String) throws(ConfigurationError) -> Bool {
        guard case .boolean(let value)? = values[name] else { throw .type(name, "true or false") }
        return value
    }

    /// An integer in the range that `declaration` says.
    func integer(_ name: String, _ declaration: ProgramDeclaration) throws(ConfigurationError) -> Int {
        guard case .integer(let value)? = values[name] else { throw .type(name, "an integer") }
        for case .integer(let range) in declaration.parameters.filter({ $0.name == name }).map(\.type) {
            guard range.contains(value) else { throw .type(name, "from \(range.lowerBound) to \(range.upperBound)") }
        }
        return value
    }

    func string(_ name: String) throws(ConfigurationError) -> String {
        guard case .string(let value)? = values[name] else { throw .type(name, "a string") }
        return value
    }

    func strings(_ name: String) throws(ConfigurationError) -> [String] {
        guard case .list(let elements)? = values[name] else { throw .type(name, "a list of strings") }
        var strings: [String] = []
        for (index, element) in elements.enumerated() {
            guard case .string(let value) = element else { throw .type(name, element: index, "a string") }
            strings.append(value)
        }
        return strings
    }

    /// nil where an optional parameter was left out.
    func macAddress(_ name: String) throws(ConfigurationError) -> MACAddress? {
        guard values[name] != nil else { return nil }
        guard let address = MACAddress(try string(name)) else {
            throw .type(name, "an Ethernet address such as 02:00:00:00:00:01")
        }
        return address
    }

    func ipv4Address(_ name: String) throws(ConfigurationError) -> UInt32 {
        guard case .ipv4(let address)? = IPAddress(try string(name)) else {
            throw .type(name, "an IPv4 address such as 10.0.0.1")
        }
        return address
    }
}

extension ConfigurationError {
    static func type(_ parameter: String, element: Int? = nil, _ expected: String) -> ConfigurationError {
        ConfigurationError(parameter: parameter, element: element, message: "\(parameter) has to be \(expected)")
    }
}
