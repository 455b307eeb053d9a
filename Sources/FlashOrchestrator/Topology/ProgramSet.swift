// SPDX-License-Identifier: Apache-2.0

package import FlashRuntime

/// The programs that NFs may run, as the decoder needs to know them.
package struct ProgramSet: Sendable {
    package var declarations: [String: ProgramDeclaration]
    /// Why the program does not take a configuration whose values have the declared types; nil where it takes it.
    package var check: @Sendable (_ program: String, _ configuration: ProgramConfiguration) -> ConfigurationError?

    package init(
        _ declarations: [ProgramDeclaration],
        check: @escaping @Sendable (_ program: String, _ configuration: ProgramConfiguration) -> ConfigurationError?
    ) {
        self.declarations = Dictionary(declarations.map { ($0.name, $0) }) { first, _ in first }
        self.check = check
    }

    /// Those that `flash-nf` has.
    package static let catalog = ProgramSet(ProgramCatalog.declarations) {
        ProgramCatalog.check(program: $0, configuration: $1)
    }

    package subscript(program: String) -> ProgramDeclaration? { declarations[program] }

    package var names: [String] { declarations.keys.sorted() }
}
