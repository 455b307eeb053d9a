// SPDX-License-Identifier: Apache-2.0

/// Builds packets byte by byte, by the standards and not by the code under test.
enum PacketBuilder {
    static let clientMAC: [UInt8] = [0x02, 0, 0, 0, 0, 0x0A]
    static let serverMAC: [UInt8] = [0x02, 0, 0, 0, 0, 0x0B]

    static func big16(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)] }

    static func big32(_ value: Int) -> [UInt8] { big16(value >> 16) + big16(value) }

    /// - Parameter tags: (tag protocol, VLAN), the outer one first.
    static func ethernet(
        _ etherType: Int, tags: [(Int, Int)] = [], destination: [UInt8] = serverMAC, source: [UInt8] = clientMAC,
        _ payload: [UInt8]
    ) -> [UInt8] {
        destination + source + tags.flatMap { big16($0.0) + big16($0.1) } + big16(etherType) + payload
    }

    /// - Parameters:
    ///   - options: a multiple of 4 bytes.
    ///   - offset: of the fragment, in bytes.
    static func ipv4(
        _ transportProtocol: Int, from source: [UInt8] = [10, 0, 0, 1], to destination: [UInt8] = [10, 0, 0, 2],
        options: [UInt8] = [], offset: Int = 0, hasMore: Bool = false, timeToLive: UInt8 = 63, _ payload: [UInt8]
    ) -> [UInt8] {
        let headerLength = 20 + options.count
        var header =
            [UInt8(0x40 | headerLength / 4), 0] + big16(headerLength + payload.count) + big16(0x1234)
            + big16(offset / 8 | (hasMore ? 0x2000 : 0)) + [timeToLive, UInt8(transportProtocol), 0, 0] + source
            + destination + options
        header.replaceSubrange(10..<12, with: big16(checksum(header)))
        return header + payload
    }

    static func ipv6(
        _ nextHeader: Int, from source: [UInt8] = address6(1), to destination: [UInt8] = address6(2),
        hopLimit: UInt8 = 64, _ payload: [UInt8]
    ) -> [UInt8] {
        [0x60, 0, 0, 0] + big16(payload.count) + [UInt8(nextHeader), hopLimit] + source + destination + payload
    }

    /// fd00::`last`
    static func address6(_ last: UInt8) -> [UInt8] { [0xFD] + Array(repeating: 0, count: 14) + [last] }

    static func udp(_ source: Int = 1000, _ destination: Int = 2000, _ payload: [UInt8] = []) -> [UInt8] {
        big16(source) + big16(destination) + big16(8 + payload.count) + [0, 0] + payload
    }

    static func tcp(
        _ source: Int = 1000, _ destination: Int = 2000, options: [UInt8] = [], _ payload: [UInt8] = []
    ) -> [UInt8] {
        big16(source) + big16(destination) + big32(1) + big32(0) + [UInt8((20 + options.count) << 2), 0x02]
            + big16(1024) + [0, 0, 0, 0] + options + payload
    }

    static func sctp(_ source: Int = 1000, _ destination: Int = 2000) -> [UInt8] {
        big16(source) + big16(destination) + big32(7) + big32(0)
    }

    static func icmpEcho(_ type: UInt8 = 8, _ payload: [UInt8] = Array(0..<16)) -> [UInt8] {
        var message = [type, 0, 0, 0] + big16(77) + big16(1) + payload
        message.replaceSubrange(2..<4, with: big16(checksum(message)))
        return message
    }

    static func arp(
        _ operation: Int = 1, senderMAC: [UInt8] = clientMAC, sender: [UInt8] = [10, 0, 0, 1],
        targetMAC: [UInt8] = Array(repeating: 0, count: 6), target: [UInt8] = [10, 0, 0, 2]
    ) -> [UInt8] {
        big16(1) + big16(0x0800) + [6, 4] + big16(operation) + senderMAC + sender + targetMAC + target
    }

    /// The naive form of RFC 1071: 16 bits at a time.
    static func checksum(_ bytes: [UInt8]) -> Int {
        var sum = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            sum += Int(bytes[index]) << 8 + (index + 1 < bytes.count ? Int(bytes[index + 1]) : 0)
            sum = sum & 0xFFFF + sum >> 16
        }
        return ~sum & 0xFFFF
    }

    /// Over pseudo header and message; 0 where the message's own checksum is right.
    static func checksum6(_ packet: [UInt8], ipAt offset: Int, nextHeader: Int) -> Int {
        let message = Array(packet[(offset + 40)...])
        return checksum(
            Array(packet[(offset + 8)..<(offset + 40)]) + big32(message.count) + big32(nextHeader) + message)
    }
}
