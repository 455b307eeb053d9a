// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Small files of /proc and /sys.
package enum SystemFile {
    /// The whole text of a file; bytes that are not UTF-8 are repaired.
    package static func read(_ path: String) throws(SystemError) -> String {
        let file = try OwnedDescriptor.open(path, flags: O_RDONLY)
        return String(decoding: try readAll(file.rawValue, context: path), as: UTF8.self)
    }

    /// The first line of a file, or nil where it cannot be read.
    package static func line(_ path: String) -> String? {
        guard let text = try? read(path) else { return nil }
        return text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init)
    }

    /// Writes text to an existing file in one call, as /sys wants it.
    package static func write(_ text: String, to path: String) throws(SystemError) {
        let file = try OwnedDescriptor.open(path, flags: O_WRONLY)
        let bytes = Array(text.utf8)
        try SystemError.retry("write", context: path) { Glibc.write(file.rawValue, bytes, bytes.count) }
    }

    package static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Names in a folder without `.` and `..`, sorted; empty where it cannot be read.
    package static func names(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// What can be read until the end of the file.
    static func readAll(_ descriptor: Int32, context: String) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16384)
        while true {
            let length = try SystemError.retry("read", context: context) {
                Glibc.read(descriptor, &part, part.count)
            }
            if length == 0 { return bytes }
            bytes.append(contentsOf: part[..<length])
        }
    }
}
