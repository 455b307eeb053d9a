// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What ping and iperf3 measured.
enum Traffic {
    /// Packets that got no answer.
    static func ping(_ bench: TestBench, from host: String, to address: String, count: Int = 20) async throws -> Int {
        let result = try await bench.host(host, Ping.command(address, count: count))
        try #require(result.output.hasPrefix("PING "), "\(result)")
        return Ping.lost(result.output, of: count)
    }

    /// A ping that goes on until it is stopped with SIGINT.
    static func startPing(_ bench: TestBench, from host: String, to address: String) throws -> BackgroundCommand {
        try bench.startInHost(host, "ping", "-n", "-i", "0.002", address)
    }

    /// Waits until `count` more answers have come.
    static func answers(_ ping: BackgroundCommand, more count: Int) async throws {
        let before = ping.output.split(separator: "\n").count
        try await eventually("\(count) more answers to ping") {
            ping.output.split(separator: "\n").count >= before + count
        }
    }

    /// Stops a ping. Returns how many packets got no answer although a later one did: what was under way at the end may
    /// be more than one on a busy machine.
    static func stop(_ ping: BackgroundCommand, at location: SourceLocation = #_sourceLocation) async throws -> Int {
        ping.signal(SIGINT)
        let result = try await ping.result()
        let answered = Set(result.output.matches(of: /icmp_seq=(\d+)/).compactMap { Int($0.1) })
        let last = try #require(answered.max(), "\(result)", sourceLocation: location)
        return last - answered.count
    }

    struct Transfer: Decodable {
        struct End: Decodable {
            struct Sum: Decodable {
                var bytes: Int
                var retransmits: Int?
            }

            enum CodingKeys: String, CodingKey {
                case sent = "sum_sent"
                case received = "sum_received"
            }

            var sent: Sum
            var received: Sum
        }

        var end: End
    }

    /// A TCP transfer of `megabytes`; the server's end, in the host `server`, is started for it.
    static func tcp(
        _ bench: TestBench, from client: String, to server: String, at address: String, megabytes: Int = 20,
        reversed: Bool = false
    ) async throws -> Transfer {
        let listener = try bench.startInHost(server, "iperf3", "--server", "--one-off", "--forceflush")
        try await eventually("iperf3 listens") { listener.output.contains("listening") }
        let arguments =
            ["iperf3", "--json", "--client", address, "--bytes", "\(megabytes)M"] + (reversed ? ["--reverse"] : [])
        let result = try await bench.host(client, arguments)
        listener.signal(SIGTERM)
        _ = try await listener.result()
        return try result.expecting().json()
    }

    /// True where a TCP connection comes about; false where nothing answers within a second.
    static func connects(_ bench: TestBench, from client: String, to address: String, port: Int) async throws -> Bool {
        let result = try await bench.host(client, "timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/\(address)/\(port)")
        // 124: timeout had to end it. A refused connection would be 1: it is an answer, and so a failure of the test.
        try #require(result.status == 0 || result.status == 124, "\(result)")
        return result.status == 0
    }
}
