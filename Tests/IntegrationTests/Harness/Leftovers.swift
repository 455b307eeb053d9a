// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a topology could leave behind on a machine: taken before and after, the two are to be equal.
struct Leftovers: Equatable {
    var namespaces: Set<String>
    var devices: Set<String>
    /// Devices that have an XDP program.
    var programs: Set<String>
    /// Processes of the built programs, by number and name.
    var processes: Set<String>
    var pinned: Set<String>

    static func take() async throws -> Leftovers {
        let links = try await run(["ip", "-d", "-o", "link", "show"]).expecting().output.split(separator: "\n")
        return Leftovers(
            namespaces: entries("/run/netns"),
            devices: entries("/sys/class/net"),
            programs: Set(
                links.filter { $0.contains("xdp") }.map { String($0.split(separator: ":")[1]) }),
            processes: processes(),
            pinned: entries("/sys/fs/bpf"))
    }

    private static func entries(_ folder: String) -> Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    }

    private static func processes() -> Set<String> {
        let ours = Set([Programs.flashOrch, Programs.flashNF])
        return Set(
            entries("/proc").filter { Int($0) != nil }.compactMap { number in
                guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(number)/exe"),
                    ours.contains(path)
                else { return nil }
                return "\(number) \(path)"
            })
    }
}

/// The built programs: beside the test bundle, or in the folder that FLASH_ORCH_BIN names.
enum Programs {
    static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["FLASH_ORCH_BIN"] { return folder }
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        return URL(filePath: bundle).resolvingSymlinksInPath().deletingLastPathComponent().path
    }()

    static var flashOrch: String { folder + "/flash-orch" }
    static var flashNF: String { folder + "/flash-nf" }

    /// The root of the sources.
    static let sources = URL(filePath: #filePath).pathComponents.dropLast(4).dropFirst()
        .reduce("") { $0 + "/" + $1 }
}
