// SPDX-License-Identifier: Apache-2.0

/// Is shown one program, or all, as types, so that what it does with them is specialised for each.
package protocol ProgramVisitor {
    mutating func visit<P: NetworkFunction>(_ program: P.Type)
    mutating func visitSource<S: PacketSource>(_ source: S.Type)
}

/// All programs that there are.
package enum ProgramCatalog {
    /// The registry: one line a program.
    private static func visitAll<V: ProgramVisitor>(_ visitor: inout V) {
        visitor.visit(Forward.self)
        visitor.visit(Counter.self)
        visitor.visit(Firewall.self)
        visitor.visit(Maglev.self)
        visitor.visit(Responder.self)
        visitor.visitSource(Generator.self)
        visitor.visit(Sink.self)
    }

    /// In the order of the registry.
    package static let declarations: [ProgramDeclaration] = {
        var collector = DeclarationCollector()
        visitAll(&collector)
        return collector.declarations
    }()

    package static func declaration(of name: String) -> ProgramDeclaration? {
        declarations.first { $0.name == name }
    }

    /// Shows `visitor` the program that `name` stands for.
    ///
    /// - Returns: false where there is none.
    package static func visit<V: ProgramVisitor>(_ name: String, _ visitor: inout V) -> Bool {
        var filter = NameFilter(name: name, visitor: visitor)
        visitAll(&filter)
        visitor = filter.visitor
        return filter.isFound
    }

    /// What is wrong with a configuration beyond what the declaration says; nil where the program takes it.
    ///
    /// - Parameters:
    ///   - program: the name of a program of the catalog.
    ///   - configuration: holds values of the declared types; what is missing gets its default.
    package static func check(program: String, configuration: ProgramConfiguration) -> ConfigurationError? {
        var checker = ConfigurationChecker(configuration: configuration)
        guard visit(program, &checker) else {
            return ConfigurationError(parameter: "program", message: "there is no program '\(program)'")
        }
        return checker.error
    }
}

extension ProgramConfiguration {
    /// With the declared default for each parameter that was not given.
    package func completed(for declaration: ProgramDeclaration) -> ProgramConfiguration {
        var result = self
        for parameter in declaration.parameters where result.values[parameter.name] == nil {
            result.values[parameter.name] = parameter.defaultValue
        }
        return result
    }
}

private struct DeclarationCollector: ProgramVisitor {
    var declarations: [ProgramDeclaration] = []

    mutating func visit<P: NetworkFunction>(_ program: P.Type) { declarations.append(P.declaration) }
    mutating func visitSource<S: PacketSource>(_ source: S.Type) { declarations.append(S.declaration) }
}

private struct NameFilter<V: ProgramVisitor>: ProgramVisitor {
    let name: String
    var visitor: V
    var isFound = false

    init(name: String, visitor: V) {
        self.name = name
        self.visitor = visitor
    }

    mutating func visit<P: NetworkFunction>(_ program: P.Type) {
        guard P.declaration.name == name else { return }
        isFound = true
        visitor.visit(P.self)
    }

    mutating func visitSource<S: PacketSource>(_ source: S.Type) {
        guard S.declaration.name == name else { return }
        isFound = true
        visitor.visitSource(S.self)
    }
}

private struct ConfigurationChecker: ProgramVisitor {
    let configuration: ProgramConfiguration
    var error: ConfigurationError?

    init(configuration: ProgramConfiguration) {
        self.configuration = configuration
    }

    mutating func visit<P: NetworkFunction>(_ program: P.Type) { check(P.self) }
    mutating func visitSource<S: PacketSource>(_ source: S.Type) { check(S.self) }

    private mutating func check<P: Program>(_ program: P.Type) {
        do throws(ConfigurationError) {
            _ = try P(configuration: configuration.completed(for: P.declaration), thread: ThreadPlace())
        } catch {
            self.error = error
        }
    }
}
