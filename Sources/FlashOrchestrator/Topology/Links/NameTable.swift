// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

/// What names in links stand for: interfaces and NFs by their index in the file.
struct NameTable {
    enum Meaning: Hashable {
        case interface(Int)
        case function(Int)
    }

    let interfaces: [DeclaredInterface]
    let functions: [DeclaredFunction]
    /// Output name to index, for each NF whose outputs are known; the first of two equal names counts.
    private let outputIndices: [[String: Int]?]
    private let meanings: [String: Meaning]
    private let names: [String]
    /// Finding what was meant costs a walk over all names: a file with that many faults gets no more suggestions.
    private var suggestionsLeft = 64

    init(interfaces: [DeclaredInterface], functions: [DeclaredFunction]) {
        self.interfaces = interfaces
        self.functions = functions
        outputIndices = functions.map { function in
            function.outputs.map { names in
                Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
            }
        }
        var meanings: [String: Meaning] = [:]
        for (index, function) in functions.enumerated() { meanings[function.name] = .function(index) }
        for (index, interface) in interfaces.enumerated() { meanings[interface.name] = .interface(index) }
        self.meanings = meanings
        names = interfaces.map(\.name) + functions.map(\.name)
    }

    subscript(name: String) -> Meaning? { meanings[name] }

    /// What no link can name, because its name is faulty or also that of something else.
    var unlinkable: Mentions {
        var result = Mentions()
        for (index, interface) in interfaces.enumerated() where TextRule.name.canonical(interface.name) == nil {
            result.interfaces.insert(index)
        }
        for (index, function) in functions.enumerated()
        where meanings[function.name] != .function(index)
            || TextRule.name.canonical(function.name) == nil
        {
            result.functions.insert(index)
        }
        return result
    }

    mutating func nearest(to name: String) -> String? {
        guard suggestionsLeft > 0 else { return nil }
        suggestionsLeft -= 1
        return Suggestion.nearest(to: name, in: names)
    }

    /// The index that a name or a number stands for, nil where the NF has no such output. A name comes before a number:
    /// a backend may be called `1`.
    func output(_ text: String, of function: Int) -> Int? {
        guard let indices = outputIndices[function] else { return nil }
        if let index = indices[text] { return index }
        guard let index = Int(text), text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
            index < functions[function].outputs?.count ?? 0
        else { return nil }
        return index
    }
}
