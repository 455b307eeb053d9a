// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator
import Glibc

enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
    case auto
    case always
    case never
}

/// Where text goes. Data to the output, everything else to the messages.
enum Terminal {
    enum Stream: Int32 {
        case output = 1
        case messages = 2

        var isTerminal: Bool { isatty(rawValue) == 1 }

        /// True where a person reads along, on something that takes cursor movements.
        var isInteractive: Bool { isTerminal && environment("TERM") != "dumb" }
    }

    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value[0] != 0 else { return nil }
        return String(cString: value)
    }

    static func style(_ choice: ColorChoice, for stream: Stream) -> TextStyle {
        switch choice {
        case .always: .colored
        case .never: .plain
        case .auto: TextStyle(isColored: stream.isInteractive && environment("NO_COLOR") == nil)
        }
    }

    static func write(_ text: String, to stream: Stream) {
        write(Array(text.utf8), to: stream)
    }

    /// Ends the process, as SIGPIPE would, where nobody reads the output any more (`flash-orch status | head -1`).
    static func write(_ bytes: [UInt8], to stream: Stream) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(stream.rawValue, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var poll = pollfd(fd: stream.rawValue, events: Int16(POLLOUT), revents: 0)
                _ = Glibc.poll(&poll, 1, -1)
            } else if errno == EPIPE, stream == .output {
                // The transport ignores the signal, so that a daemon's end does not kill us.
                signal(SIGPIPE, SIG_DFL)
                raise(SIGPIPE)
            } else if errno != EINTR {
                return
            }
        }
    }

    /// JSON with a newline at its end.
    static func write(json value: some Encodable) throws {
        write(try JSONText.encode(value, isPretty: true) + [UInt8(ascii: "\n")], to: .output)
    }
}
