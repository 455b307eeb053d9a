// SPDX-License-Identifier: Apache-2.0

/// What ping is told, and what it says.
///
/// After its last packet, ping waits for no longer than two round trips or one interval, and calls lost what a busy
/// machine answers 5 ms later. With a deadline, it goes on until it has as many answers as it was to send packets.
enum Ping {
    static func command(_ address: String, count: Int, seconds: Int = 2) -> [String] {
        ["ping", "-n", "-i", "0.005", "-c", "\(count)", "-w", "\(seconds)", address]
    }

    /// Packets of `count` that got no answer, although a later one did or the deadline has passed.
    static func lost(_ output: String, of count: Int) -> Int {
        let answered = Set(output.matches(of: /icmp_seq=(\d+) ttl=/).compactMap { Int($0.1) })
        return max(answered.max() ?? 0, count) - answered.count
    }
}
