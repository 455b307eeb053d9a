// SPDX-License-Identifier: Apache-2.0

package import FlashRuntime

/// Why the machine did not do what it was asked.
package enum HostError: Error, Hashable, Sendable {
    case system(SystemError, doing: String)
    /// Something did not happen in time.
    case deadline(what: String, seconds: Double)
    /// A worker said no, or ended; with the last lines of its log.
    case worker(nf: String, reason: String, log: [String])
    case lab(LabError, doing: String)
    case command(CommandError, doing: String)
    case datapath(String)
    case missing(String)

    /// One sentence without a full stop.
    package var message: String {
        switch self {
        case .system(let error, let doing): "\(doing): \(error)"
        case .lab(let error, let doing): "\(doing): \(error)"
        case .command(let error, let doing): "\(doing): \(error)"
        case .deadline(let what, let seconds): "\(what), not within \(Self.text(seconds)) s"
        case .worker(let nf, let reason, let log):
            "nf \(nf) \(reason)" + (log.isEmpty ? "" : "; its log ends with: \(log.joined(separator: " | "))")
        case .datapath(let message), .missing(let message): message
        }
    }

    private static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
    }
}
