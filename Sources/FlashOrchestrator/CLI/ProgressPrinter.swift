// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Synchronization

/// Prints the events of an apply: a line for each step that is done, and on a terminal a last line, redrawn, for the
/// one under way.
final class ProgressPrinter: Sendable {
    private let style: TextStyle
    private let redraws = Terminal.Stream.messages.isInteractive
    /// True while the last line is one to be redrawn.
    private let isOpen = Mutex(false)

    init(style: TextStyle) {
        self.style = style
    }

    @Sendable func show(_ event: ProgressEvent) {
        isOpen.withLock { isOpen in
            let line = ApplyText.line(event, style: style)
            if redraws, let activity = ApplyText.activity(event) {
                Terminal.write("\r\u{1B}[K" + style.paint(activity, .dim), to: .messages)
                isOpen = true
            } else if let line {
                Terminal.write((isOpen ? "\r\u{1B}[K" : "") + line + "\n", to: .messages)
                isOpen = false
            }
        }
    }

    /// Takes the redrawn line away.
    func end() {
        isOpen.withLock { isOpen in
            if isOpen { Terminal.write("\r\u{1B}[K", to: .messages) }
            isOpen = false
        }
    }
}
