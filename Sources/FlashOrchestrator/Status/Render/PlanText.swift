// SPDX-License-Identifier: Apache-2.0

/// A plan as `flash-orch plan` prints it.
package enum PlanText {
    /// Ends with a newline.
    package static func text(_ plan: PlanReply, style: TextStyle = .plain) -> String {
        guard !plan.steps.isEmpty else {
            return "nothing to do: \(plan.name.printable) runs as the file says\n"
        }
        let steps = plan.steps.map { (step: $0, text: action($0)) }
        let width = min(60, steps.map(\.text.count).max() ?? 0)
        var result = "plan of \(plan.name.printable), \(datapath(plan.datapath, plan.fallback)):\n"
        for (step, text) in steps {
            let symbol = style.paint(symbol(step.kind).leftPadded(to: 3), paint(step.kind))
            result += "\(symbol) \(text.padded(to: width))  \(style.paint("(\(step.reason.printable))", .dim))\n"
        }
        result += Units.count(plan.steps.count, "step") + ": " + counts(plan.steps)
        if !plan.stays.isEmpty {
            result += "; \(plan.stays.count) stay as they are: " + shortened(plan.stays.map(\.printable))
        }
        return result + "\n"
    }

    /// `shared datapath`, `shared datapath (auto: /sys/kernel/flash cannot be written)`
    static func datapath(_ datapath: String, _ fallback: String?) -> String {
        "\(datapath.printable) datapath" + (fallback.map { " (auto: \($0.printable))" } ?? "")
    }

    /// `create nf firewall`
    package static func action(_ step: StepSummary) -> String {
        "\(step.kind.rawValue) \(step.subject.printable)"
    }

    static func symbol(_ kind: StepKind) -> String {
        switch kind {
        case .create: "+"
        case .rewire, .reconfigure, .restart: "~"
        case .recreate: "-/+"
        case .remove: "-"
        }
    }

    static func paint(_ kind: StepKind) -> TextStyle.Paint {
        switch kind {
        case .create: .green
        case .rewire, .reconfigure, .restart, .recreate: .yellow
        case .remove: .red
        }
    }

    /// `3 to create, 1 to rewire`
    private static func counts(_ steps: [StepSummary]) -> String {
        StepKind.allCases.compactMap { kind in
            let count = steps.count { $0.kind == kind }
            return count == 0 ? nil : "\(count) to \(kind.rawValue)"
        }.joined(separator: ", ")
    }

    private static func shortened(_ names: [String]) -> String {
        let limit = 8
        guard names.count > limit else { return names.joined(separator: ", ") }
        return names.prefix(limit).joined(separator: ", ") + ", and \(names.count - limit) more"
    }
}
