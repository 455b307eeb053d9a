// SPDX-License-Identifier: Apache-2.0

/// Replaces the variables of a document's scalars, once: what a variable holds is text, in which nothing is looked for.
struct VariableExpander {
    /// What stands in the place of a reference, or why nothing does.
    enum Replacement {
        case text(String)
        case fault(message: String, help: String?)
    }

    private let variables: [String: String]
    /// Names seen so far, set or not.
    private(set) var names: Set<String> = []
    /// Bytes that may still be added.
    private var budget: Int

    init(variables: [String: String], limit: Int) {
        self.variables = variables
        budget = limit
    }

    /// As in a shell: the default of `${NAME:-default}` is also taken where the variable is set but empty.
    /// - Parameter suggests: whether to look for a name that was meant
    mutating func replacement(for form: VariableText.Form, suggests: Bool) -> Replacement {
        let text: String
        switch form {
        case .dollar:
            return .text("$")
        case .unclosed:
            return .fault(message: "'${' without a '}'", help: "write ${NAME}, or $$ for a dollar sign")
        case .malformed:
            return .fault(
                message: "this is no variable", help: "write ${NAME} or ${NAME:-default}, or $$ for a dollar sign"
            )
        case .variable(let name, let fallback):
            names.insert(name)
            switch (variables[name], fallback) {
            case (let value?, nil): text = value
            case (let value?, let fallback?): text = value.isEmpty ? fallback : value
            case (nil, let fallback?): text = fallback
            case (nil, nil):
                return .fault(message: "variable '\(name)' is not set", help: suggests ? unsetHelp(name) : nil)
            }
        }
        budget -= text.utf8.count
        guard budget >= 0 else {
            return .fault(message: "the variables make this document too large", help: nil)
        }
        return .text(text)
    }

    private func unsetHelp(_ name: String) -> String {
        let near = Suggestion.nearest(to: name, in: variables.keys.sorted()).map { "did you mean '${\($0)}'? " } ?? ""
        return near + "set it in the environment, or give a default: ${\(name):-default}"
    }
}
