// SPDX-License-Identifier: Apache-2.0

/// Spreads flows evenly over backends, each of which is an output, so that few flows move when a backend comes or goes.
///
/// The lookup table is that of Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", NSDI 2016,
/// section 3.4. All threads, and all machines, that are given the same backends choose alike, in whatever order the
/// backends stand. What is not IP is spread by its Ethernet addresses. Packets whose headers do not parse are dropped.
package struct Maglev: NetworkFunction {
    package static let declaration = ProgramDeclaration(
        name: "maglev",
        summary: "Spreads flows over backends by the consistent hashing of the Maglev paper, one output a backend",
        outputs: .perElement(ofParameter: "backends"),
        parameters: [
            .init(
                name: "backends",
                summary:
                    "Names of the backends, which are the outputs: letters, digits, '-', '_' and '.', not only digits",
                type: .list(of: .string, count: 1...Verdict.outputLimit), isLive: false),
            .init(
                name: "table_size",
                summary:
                    "Entries of the lookup table, a prime; a hundred times the number of backends keeps the load even",
                type: .integer(2...1_048_573), defaultValue: .integer(65537)),
        ]
    )

    private let table: OwnedBuffer<UInt16>

    package init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) {
        let backends = try configuration.strings("backends")
        let size = try configuration.integer("table_size", Self.declaration)
        try Self.check(backends)
        guard MaglevTable.isPrime(size) else {
            throw ConfigurationError(
                parameter: "table_size", message: "\(size) is not a prime",
                help: MaglevTable.prime(near: size).map { "the nearest one is \($0)" })
        }
        guard backends.count <= size else {
            throw ConfigurationError(
                parameter: "table_size", message: "\(backends.count) backends do not fit into \(size) entries")
        }
        table = OwnedBuffer(MaglevTable.entries(backends: backends, size: size))
    }

    private static func check(_ backends: [String]) throws(ConfigurationError) {
        guard 1...Verdict.outputLimit ~= backends.count else {
            throw ConfigurationError(
                parameter: "backends", message: "there have to be 1 to \(Verdict.outputLimit) backends")
        }
        var names: Set<String> = []
        for (index, name) in backends.enumerated() {
            if let offset = name.unicodeScalars.enumerated().first(where: { !isAllowed($0.element) })?.offset {
                throw ConfigurationError(
                    parameter: "backends", element: index, offset: offset,
                    message: "a backend is named with letters, digits, '-', '_' and '.'")
            }
            guard !name.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) }) else {
                throw ConfigurationError(
                    parameter: "backends", element: index,
                    message: name.isEmpty ? "a backend needs a name" : "'\(name)' would be read as an output's number")
            }
            guard names.insert(name).inserted else {
                throw ConfigurationError(
                    parameter: "backends", element: index, message: "'\(name)' is a backend already")
            }
        }
    }

    private static func isAllowed(_ scalar: UnicodeScalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".": return true
        default: return false
        }
    }

    package mutating func process(_ batch: PacketBatch, counters: ProgramCounters) {
        let table = table.base
        let size = UInt64(self.table.count)
        for index in 0..<batch.count {
            var headers = PacketHeaders(batch.bytes(index), length: batch.length(index))
            if let reason = headers.readLink() ?? headers.readNetwork() ?? headers.readTransport() {
                batch.setVerdict(.drop(reason), of: index)
                continue
            }
            // The hash as a fraction of 2^32, times the size: no division.
            let entry = (UInt64(FlowHash.hash(headers)) &* size) >> 32
            batch.setVerdict(.output(Int(table[Int(entry)])), of: index)
        }
    }
}
