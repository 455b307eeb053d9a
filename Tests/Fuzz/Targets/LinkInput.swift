// SPDX-License-Identifier: Apache-2.0

internal import FlashOrchestrator

/// The text of a link has ends or faults, and each of them lies in the text.
enum LinkInput {
    static func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let link = LinkText.parse(text)
        precondition(link.length == text.unicodeScalars.count)
        precondition(!link.faults.isEmpty || !link.ends.isEmpty && link.ends.allSatisfy { $0 != nil })
        for fault in link.faults { check(fault.span, in: link) }
        for end in link.ends.compactMap(\.self) {
            precondition(!end.name.isEmpty)
            check(end.nameSpan, in: link)
            check(end.span, in: link)
        }
        guard link.faults.isEmpty else { return }
        // What was understood, written again, is understood in the same way.
        let ends = link.ends.compactMap { $0.map(spelled) }
        let again = LinkText.parse(ends.joined(separator: " -> "))
        precondition(again.faults.isEmpty && again.ends.compactMap { $0.map(spelled) } == ends)
    }

    private static func spelled(_ end: LinkText.End) -> String {
        switch end.selector {
        case .queue(let queue): "\(end.name):\(queue)"
        case .output(let output): "\(end.name)[\(output)]"
        case nil: end.name
        }
    }

    private static func check(_ span: Range<Int>, in link: LinkText) {
        precondition(span.lowerBound >= 0 && span.upperBound <= link.length + 1)
    }
}
