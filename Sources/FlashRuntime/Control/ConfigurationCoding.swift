// SPDX-License-Identifier: Apache-2.0

/// A configuration as bytes, for the way from the daemon to a worker (which links no JSON).
enum ConfigurationCoding {
    /// Lists within lists deeper than this are refused.
    private static let depthLimit = 8

    static func encode(_ configuration: ProgramConfiguration) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt32(configuration.values.count))
        for (name, value) in configuration.values.sorted(by: { $0.key < $1.key }) {
            writer.write(name)
            encode(value, into: &writer)
        }
        return writer.bytes
    }

    static func decode(_ bytes: [UInt8]) -> ProgramConfiguration? {
        var reader = ByteReader(bytes)
        guard let count = reader.readUInt32() else { return nil }
        var values: [String: ParameterValue] = [:]
        for _ in 0..<count {
            guard let name = reader.readString(), let value = decode(&reader, depth: 0) else { return nil }
            values[name] = value
        }
        return reader.isAtEnd ? ProgramConfiguration(values) : nil
    }

    private static func encode(_ value: ParameterValue, into writer: inout ByteWriter) {
        switch value {
        case .boolean(let flag):
            writer.write(UInt32(0))
            writer.write(UInt32(flag ? 1 : 0))
        case .integer(let number):
            writer.write(UInt32(1))
            writer.write(number)
        case .string(let text):
            writer.write(UInt32(2))
            writer.write(text)
        case .list(let elements):
            writer.write(UInt32(3))
            writer.write(UInt32(elements.count))
            for element in elements { encode(element, into: &writer) }
        }
    }

    private static func decode(_ reader: inout ByteReader, depth: Int) -> ParameterValue? {
        guard depth < depthLimit, let kind = reader.readUInt32() else { return nil }
        switch kind {
        case 0: return reader.readUInt32().map { .boolean($0 != 0) }
        case 1: return reader.readInt().map { .integer($0) }
        case 2: return reader.readString().map { .string($0) }
        case 3:
            guard let count = reader.readUInt32() else { return nil }
            var elements: [ParameterValue] = []
            for _ in 0..<count {
                guard let element = decode(&reader, depth: depth + 1) else { return nil }
                elements.append(element)
            }
            return .list(elements)
        default: return nil
        }
    }
}
