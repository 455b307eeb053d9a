// SPDX-License-Identifier: Apache-2.0

internal import YAMLBridge

extension TopologyDecoder {
    /// Bytes of all link texts together, with what variables stand for.
    private static let linkTextLimit = YAMLLimits.standard.bytes + YAMLLimits.standard.substitutedBytes

    /// nil where they cannot be told because a section that they depend on is faulty.
    func links(
        _ file: DecodedValue, interfaces: [DeclaredInterface], functions: [DeclaredFunction]
    ) -> [Link]? {
        guard let texts = file["links"]?.list, file["nfs"]?.isFaulty == false, file["interfaces"]?.isFaulty != true
        else { return nil }
        // More than a document can hold comes of aliases only, and each of them is a second link.
        guard texts.reduce(0, { $0 + ($1.text?.utf8.count ?? 0) }) <= Self.linkTextLimit else {
            log.add(.tooManyLinks, "more than \(Self.linkTextLimit) bytes of links", at: file["links"]?.range)
            return nil
        }
        let names = NameTable(interfaces: interfaces, functions: functions)
        var resolver = PathResolver(names: names, mentions: names.unlinkable, log: log)
        var table = LinkTable(names: names, log: log)
        var isComplete = true
        for value in texts {
            guard let text = value.text else {
                isComplete = false
                continue
            }
            guard let path = resolver.resolve(value.node, text: text) else { continue }
            table.add(path)
        }
        // A link that could not be read at all may be the one that is missed.
        guard isComplete else { return nil }
        GraphChecks(names: names, table: table, mentions: resolver.mentions, log: log).run()
        return table.sortedLinks
    }
}
