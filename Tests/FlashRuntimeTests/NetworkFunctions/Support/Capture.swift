// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Packets from `Tests/FlashRuntimeTests/Captures`.
enum Capture: String, CaseIterable {
    case fragments, fragments6, options, ping, ping6, vlan
    case tcpUDP = "tcp-udp"

    /// All packets of the file: classic pcap as tcpdump writes it on a little-endian machine.
    func packets() -> [[UInt8]] {
        let directory = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        guard let file = fopen("/\(directory)/Captures/\(rawValue).pcap", "r") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        var packets: [[UInt8]] = []
        var offset = 24
        while offset + 16 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[offset + 8 + $1]) << (8 * $1) }
            packets.append(Array(bytes[(offset + 16)..<(offset + 16 + length)]))
            offset += 16 + length
        }
        return packets
    }
}
