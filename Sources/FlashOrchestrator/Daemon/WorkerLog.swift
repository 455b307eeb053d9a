// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
internal import Glibc

/// What the workers of one NF print, one file, bounded.
struct WorkerLog {
    let path: String

    /// In bytes; beyond it the older half goes.
    static let limit = 1 << 20

    /// For a worker to write to.
    func open() throws(SystemError) -> OwnedDescriptor {
        try OwnedDescriptor.open(path, flags: O_WRONLY | O_APPEND | O_CREAT, mode: 0o640)
    }

    /// Adds a line of the daemon's own.
    func note(_ line: String) {
        guard let file = try? open() else { return }
        let bytes = Array("flash-orch: \(line)\n".utf8)
        _ = write(file.rawValue, bytes, bytes.count)
    }

    var size: Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Copies the newer half to the front and cuts the file off. The worker goes on writing to the same file at its
    /// end; a line that it writes meanwhile may be lost.
    func rotate() {
        guard size > Self.limit, let bytes = try? read(from: size - Self.limit / 2, limit: Self.limit / 2),
            let file = try? OwnedDescriptor.open(path, flags: O_WRONLY)
        else { return }
        let start = (bytes.firstIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        let kept = Array(bytes[start...])
        guard pwrite(file.rawValue, kept, kept.count, 0) == kept.count else { return }
        ftruncate(file.rawValue, off_t(kept.count))
    }

    /// Bytes from an offset on.
    func read(from offset: Int, limit: Int) throws(SystemError) -> [UInt8] {
        let file = try OwnedDescriptor.open(path, flags: O_RDONLY)
        var bytes = [UInt8](repeating: 0, count: max(limit, 0))
        let count = try SystemError.retry("pread", context: path) {
            pread(file.rawValue, &bytes, bytes.count, off_t(max(offset, 0)))
        }
        return Array(bytes.prefix(count))
    }

    /// The last lines.
    func tail(_ count: Int = 5) -> [String] {
        guard let bytes = try? read(from: size - 4096, limit: 4096) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(count).map(String.init)
    }
}
