// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct ProgramCatalogTests {
    @Test func declarationsAreConsistent() {
        let declarations = ProgramCatalog.declarations
        #expect(Set(declarations.map(\.name)).count == declarations.count)
        for declaration in declarations {
            #expect(declaration.counters.count <= ProgramCounters.capacity)
            #expect(Set(declaration.parameters.map(\.name)).count == declaration.parameters.count)
            for text in [declaration.summary] + declaration.parameters.map(\.summary) {
                #expect(!text.isEmpty && !text.hasSuffix("."), "\(declaration.name): \(text)")
            }
        }
    }

    @Test func defaultsAreTaken() {
        for declaration in ProgramCatalog.declarations
        where declaration.parameters.allSatisfy({ $0.defaultValue != nil || $0.isOptional }) {
            let error = ProgramCatalog.check(program: declaration.name, configuration: ProgramConfiguration())
            #expect(error == nil, "\(declaration.name)")
        }
    }

    @Test func valuesOfTheWrongTypeAreErrorsAndNotTraps() {
        let wrong: [ParameterValue] = [
            .boolean(true), .integer(-1), .string("?"), .list([]), .list([.integer(1)]), .list([.list([])]),
        ]
        for declaration in ProgramCatalog.declarations {
            for parameter in declaration.parameters {
                for value in wrong {
                    _ = ProgramCatalog.check(
                        program: declaration.name, configuration: ProgramConfiguration([parameter.name: value]))
                }
            }
        }
    }

    @Test func visitShowsTheTypeBehindAName() {
        struct Visitor: ProgramVisitor {
            var seen: [String] = []
            mutating func visit<P: NetworkFunction>(_ program: P.Type) { seen.append("\(P.self)") }
            mutating func visitSource<S: PacketSource>(_ source: S.Type) { seen.append("source \(S.self)") }
        }
        var visitor = Visitor()
        #expect(ProgramCatalog.visit("forward", &visitor))
        #expect(ProgramCatalog.visit("generator", &visitor))
        #expect(!ProgramCatalog.visit("forwarder", &visitor))
        #expect(visitor.seen == ["Forward", "source Generator"])
        #expect(ProgramCatalog.check(program: "forwarder", configuration: ProgramConfiguration()) != nil)
    }
}
