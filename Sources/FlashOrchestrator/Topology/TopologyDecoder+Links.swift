// SPDX-License-Identifier: Apache-2.0

extension TopologyDecoder {
    /// nil where they cannot be told because a section that they depend on is faulty.
    func links(
        _ file: DecodedValue, interfaces: [DeclaredInterface], functions: [DeclaredFunction]
    ) -> [Link]? {
        guard let texts = file["links"]?.list, file["nfs"]?.isFaulty == false, file["interfaces"]?.isFaulty != true
        else { return nil }
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
