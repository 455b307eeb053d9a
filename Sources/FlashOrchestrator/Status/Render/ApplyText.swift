// SPDX-License-Identifier: Apache-2.0

/// What an apply or a down says while it runs, and at its end.
package enum ApplyText {
    package enum Operation: Sendable {
        case apply
        case down
    }

    /// A line for an event, without its newline; nil where the event alone says nothing new.
    package static func line(_ event: ProgressEvent, style: TextStyle = .plain) -> String? {
        switch event {
        case .planned, .started:
            return nil
        case .done(let step, let count, let milliseconds):
            let symbol = style.paint(PlanText.symbol(step.kind), PlanText.paint(step.kind))
            let time = style.paint(Units.duration(milliseconds: milliseconds), .dim)
            return "\(place(step, count)) \(symbol) \(PlanText.action(step))  \(time)"
        case .failed(let step, let count, _, let message):
            let failed = style.paint("failed", .red)
            return "\(place(step, count)) \(failed): \(PlanText.action(step)): \(message.printable)"
        case .proving(0):
            return nil
        case .proving(let links):
            return "waiting until \(Units.count(links, "link")) carry"
        case .undone(let step, let milliseconds):
            let time = style.paint(Units.duration(milliseconds: milliseconds), .dim)
            return "undone: \(PlanText.action(step))  \(time)"
        }
    }

    /// What goes on now, for the line that a terminal redraws; nil where nothing is under way.
    package static func activity(_ event: ProgressEvent) -> String? {
        switch event {
        case .started(let step, let count): "\(place(step, count)) \(PlanText.action(step)) ..."
        case .proving(let links) where links > 0: "waiting until \(Units.count(links, "link")) carry ..."
        case .proving, .planned, .done, .failed, .undone: nil
        }
    }

    /// The last line of a success, without its newline.
    package static func success(_ reply: ApplyReply, operation: Operation) -> String {
        let name = reply.name.printable
        guard reply.outcome != .unchanged else { return "unchanged: \(name) runs as the file says" }
        let verb = operation == .apply ? "applied" : "removed"
        var text = "\(verb) \(name) in \(Units.duration(milliseconds: reply.milliseconds)): "
        text += changes(reply.steps, operation: operation)
        if operation == .apply, let lost = reply.packetsLost { text += "; \(Units.count(lost, "packet")) lost" }
        return text
    }

    /// What is said of a failure, on lines of their own; ends with a newline.
    package static func failure(_ reply: ApplyReply, operation: Operation, style: TextStyle = .plain) -> String {
        let name = reply.name.printable
        let verb = operation == .apply ? "apply" : "removal"
        let failure = reply.failure
        var text = style.paint("error", .red) + ": \(verb) of \(name) failed"
        if let step = failure?.step {
            text += " at step \(step.number) of \(reply.steps.count), \(PlanText.action(step))"
        }
        text += failure.map { ": \($0.message.printable)\n" } ?? "\n"
        if let help = failure?.help { text += "  help: \(help.printable)\n" }
        guard reply.outcome == .rollbackFailed else {
            return text + "  what was done before is undone: everything runs as it did\n"
        }
        text += "  the way back failed too; run: flash-orch status \(name)\n"
        for line in failure?.rollback ?? [] { text += "  - \(line.printable)\n" }
        return text
    }

    /// `created 3 NFs, 7 links; rewired 1 link`
    private static func changes(_ steps: [StepSummary], operation: Operation) -> String {
        let kinds = StepKind.allCases.compactMap { kind -> String? in
            let words = steps.filter { $0.kind == kind }.map { word($0.subject) }
            guard !words.isEmpty else { return nil }
            let order = ["NF", "link", "queue", "interface", "host", "UMEM"]
            let known = order.filter(words.contains) + Set(words).subtracting(order).sorted()
            let counts = known.map { word in Units.count(words.count { $0 == word }, word) }.joined(separator: ", ")
            return operation == .down ? counts : "\(past(kind)) \(counts)"
        }
        return kinds.isEmpty ? "nothing" : kinds.joined(separator: "; ")
    }

    private static func past(_ kind: StepKind) -> String {
        switch kind {
        case .create: "created"
        case .rewire: "rewired"
        case .reconfigure: "reconfigured"
        case .restart: "restarted"
        case .recreate: "recreated"
        case .remove: "removed"
        }
    }

    private static func word(_ subject: String) -> String {
        switch subject.prefix(while: { $0 != " " }) {
        case "nf": "NF"
        case "umem": "UMEM"
        case let word: String(word).printable
        }
    }

    private static func place(_ step: StepSummary, _ count: Int) -> String {
        let total = String(count)
        return "[\(String(step.number).leftPadded(to: total.count))/\(total)]"
    }
}
