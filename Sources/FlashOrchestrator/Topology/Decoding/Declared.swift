// SPDX-License-Identifier: Apache-2.0

internal import FlashRuntime
internal import YAMLBridge

/// An interface of the file, with the places that later checks point at. Where a value is faulty, `interface` holds
/// the default.
struct DeclaredInterface {
    var interface: Interface
    var keyRange: SourceRange
    var value: DecodedValue
    /// False where the queues are not known because their value is faulty.
    var hasQueues: Bool

    var name: String { interface.name }
    /// nil where the value is faulty or missing.
    var device: DecodedValue? { value["device"].flatMap { $0.isFaulty ? nil : $0 } }
}

/// An NF of the file.
struct DeclaredFunction {
    var name: String
    var keyRange: SourceRange
    var value: DecodedValue
    /// nil where the program is not known.
    var program: ProgramDeclaration?
    /// nil where they are not known, because the program or the configuration is faulty.
    var outputs: [String]?
    /// nil where something is faulty.
    var function: Function?
}

struct DeclaredHost {
    var host: LabHost
    var keyRange: SourceRange
    var value: DecodedValue
}
