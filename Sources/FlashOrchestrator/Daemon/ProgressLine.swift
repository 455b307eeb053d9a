// SPDX-License-Identifier: Apache-2.0

/// One line of the answer to an apply or a down: events, and at the end a reply or an error.
package enum ProgressLine: Hashable, Sendable {
    case event(ProgressEvent)
    case reply(ApplyReply)
    case error(ServiceError)
}

extension ProgressLine: Codable {
    private enum CodingKeys: String, CodingKey {
        case event, reply, error, plan, step, count, milliseconds, message, links
    }

    /// What `event` says.
    private enum Word: String, Codable {
        case planned, started, done, failed, proving, undone
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func step() throws -> StepSummary { try values.decode(StepSummary.self, forKey: .step) }
        func count() throws -> Int { try values.decode(Int.self, forKey: .count) }
        func milliseconds() throws -> Double { try values.decode(Double.self, forKey: .milliseconds) }
        if let reply = try values.decodeIfPresent(ApplyReply.self, forKey: .reply) {
            self = .reply(reply)
            return
        }
        if let error = try values.decodeIfPresent(ServiceError.self, forKey: .error) {
            self = .error(error)
            return
        }
        switch try values.decode(Word.self, forKey: .event) {
        case .planned: self = .event(.planned(try values.decode(PlanReply.self, forKey: .plan)))
        case .started: self = .event(.started(step: try step(), count: try count()))
        case .done: self = .event(.done(step: try step(), count: try count(), milliseconds: try milliseconds()))
        case .failed:
            let message = try values.decode(String.self, forKey: .message)
            self = .event(
                .failed(step: try step(), count: try count(), milliseconds: try milliseconds(), message: message))
        case .proving: self = .event(.proving(links: try values.decode(Int.self, forKey: .links)))
        case .undone: self = .event(.undone(step: try step(), milliseconds: try milliseconds()))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        func encode(_ word: Word, _ step: StepSummary, count: Int? = nil, milliseconds: Double? = nil) throws {
            try values.encode(word, forKey: .event)
            try values.encode(step, forKey: .step)
            try values.encodeIfPresent(count, forKey: .count)
            try values.encodeIfPresent(milliseconds, forKey: .milliseconds)
        }
        switch self {
        case .reply(let reply): try values.encode(reply, forKey: .reply)
        case .error(let error): try values.encode(error, forKey: .error)
        case .event(.planned(let plan)):
            try values.encode(Word.planned, forKey: .event)
            try values.encode(plan, forKey: .plan)
        case .event(.started(let step, let count)): try encode(.started, step, count: count)
        case .event(.done(let step, let count, let milliseconds)):
            try encode(.done, step, count: count, milliseconds: milliseconds)
        case .event(.failed(let step, let count, let milliseconds, let message)):
            try encode(.failed, step, count: count, milliseconds: milliseconds)
            try values.encode(message, forKey: .message)
        case .event(.proving(let links)):
            try values.encode(Word.proving, forKey: .event)
            try values.encode(links, forKey: .links)
        case .event(.undone(let step, let milliseconds)):
            try encode(.undone, step, milliseconds: milliseconds)
        }
    }
}
