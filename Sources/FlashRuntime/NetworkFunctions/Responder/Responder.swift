// SPDX-License-Identifier: Apache-2.0

/// Stands for hosts that are not there: answers ARP requests, IPv6 neighbour solicitations and ICMP and ICMPv6 echo
/// requests for its addresses, in place. The answer leaves by output 0, with the VLAN tags and IPv4 options that the
/// request had. Everything else is dropped as `.unhandled`: other addresses, fragments, IPv6 extension headers, IPv4
/// source routes, senders that cannot be answered.
///
/// The checksum of an echo is changed, not made anew, so that a request which was damaged gets an answer that is, too.
package struct Responder: NetworkFunction {
    package static let declaration = ProgramDeclaration(
        name: "responder",
        summary: "Answers ARP, IPv6 neighbour solicitations and ICMP echo for its addresses",
        outputs: .fixed(["out"]),
        parameters: [
            .init(
                name: "addresses", summary: "IPv4 and IPv6 addresses to answer for",
                type: .list(of: .ipAddress, count: 1...4096)),
            .init(
                name: "mac",
                summary: "The Ethernet address to answer with; without it, one made from the first address",
                type: .macAddress, isOptional: true),
        ],
        counters: Counter.allCases.map(\.rawValue)
    )

    enum Counter: String, CaseIterable {
        case arp
        case neighbour
        case echo
        case echo6

        var slot: Int {
            switch self {
            case .arp: 0
            case .neighbour: 1
            case .echo: 2
            case .echo6: 3
            }
        }
    }

    private let ipv4: SortedSet<UInt32>
    private let ipv6: SortedSet<UInt128>
    private let mac: UInt64

    package init(configuration: ProgramConfiguration, thread: ThreadPlace) throws(ConfigurationError) {
        var addresses: [IPAddress] = []
        for (index, text) in try configuration.strings("addresses").enumerated() {
            guard let address = IPAddress(text) else {
                throw .type("addresses", element: index, "IPv4 or IPv6 addresses such as 10.0.0.1 or fd00::1")
            }
            guard !Self.isMulticast(address) else {
                throw ConfigurationError(
                    parameter: "addresses", element: index, message: "\(text) is not the address of one host")
            }
            addresses.append(address)
        }
        ipv4 = SortedSet(addresses.compactMap { if case .ipv4(let address) = $0 { address } else { nil } })
        ipv6 = SortedSet(addresses.compactMap { if case .ipv6(let address) = $0 { address } else { nil } })
        let given = try configuration.macAddress("mac")
        if let given, given.isMulticast {
            throw ConfigurationError(
                parameter: "mac", message: "\(given) is a group address", help: "its first octet has to be even")
        }
        mac = given?.rawValue ?? Self.derivedMAC(addresses.first)
    }

    private static func isMulticast(_ address: IPAddress) -> Bool {
        switch address {
        case .ipv4(let number): return number >> 28 >= 0xE || number == 0
        case .ipv6(let number): return number >> 120 == 0xFF || number == 0
        }
    }

    /// Locally administered: 02:00 and the last 32 bits of the address.
    private static func derivedMAC(_ address: IPAddress?) -> UInt64 {
        switch address {
        case .ipv4(let number)?: return 0x0200 << 32 | UInt64(number)
        case .ipv6(let number)?: return 0x0200 << 32 | UInt64(UInt32(truncatingIfNeeded: number))
        case nil: return 0x0200 << 32
        }
    }

    package mutating func process(_ batch: PacketBatch, counters: ProgramCounters) {
        for index in 0..<batch.count {
            let bytes = batch.bytes(index)
            var headers = PacketHeaders(bytes, length: batch.length(index))
            if let reason = headers.readLink() ?? headers.readNetwork() ?? headers.readTransport() {
                batch.setVerdict(.drop(reason), of: index)
                continue
            }
            let answer: Counter?
            switch headers.network {
            case .arp: answer = answerARP(bytes, headers)
            case .ipv4: answer = answerEcho(bytes, headers)
            case .ipv6: answer = answerICMPv6(bytes, headers, batch, index)
            case .other: answer = nil
            }
            if let answer {
                counters.add(1, to: answer.slot)
            } else {
                batch.setVerdict(.drop(.unhandled), of: index)
            }
        }
    }

    /// RFC 826. A host that announces an address of ours as its own is in conflict with us, and gets no answer.
    private func answerARP(_ bytes: UnsafeMutableRawPointer, _ headers: PacketHeaders) -> Counter? {
        let arp = bytes + headers.networkOffset
        let view = UnsafeRawPointer(arp)
        // Ethernet, IPv4, 6 and 4 bytes, request.
        guard view.big32(0) == 0x0001_0800, view.big32(4) == 0x0604_0001 else { return nil }
        let senderMAC = view.big48(8)
        let sender = view.big32(14)
        let target = view.big32(24)
        guard ipv4.contains(target), sender != target, isHost(senderMAC) else { return nil }
        setLink(bytes, destination: senderMAC)
        arp.setBig16(2, at: 6)
        arp.setBig48(mac, at: 8)
        arp.setBig32(target, at: 14)
        arp.setBig48(senderMAC, at: 18)
        arp.setBig32(sender, at: 24)
        return .arp
    }

    /// RFC 792.
    private func answerEcho(_ bytes: UnsafeMutableRawPointer, _ headers: PacketHeaders) -> Counter? {
        let ip = bytes + headers.networkOffset
        let icmp = bytes + headers.transportOffset
        let source = UnsafeRawPointer(ip).big32(12)
        let destination = UnsafeRawPointer(ip).big32(16)
        let sender = UnsafeRawPointer(bytes).big48(6)
        guard headers.transportProtocol == IPProtocol.icmp, headers.fragment == .whole,
            UnsafeRawPointer(icmp).big16(0) == 0x0800, ipv4.contains(destination), source >> 28 < 0xE, source != 0,
            isHost(sender), !IPv4Options.hasSourceRoute(UnsafeRawPointer(ip))
        else { return nil }
        setLink(bytes, destination: sender)
        ip.setBig32(destination, at: 12)
        ip.setBig32(source, at: 16)
        setHopLimit(ip)
        icmp.setBig16(0, at: 0)
        icmp.setBig16(Checksum.update(UnsafeRawPointer(icmp).big16(2), from: 0x0800, to: 0), at: 2)
        return .echo
    }

    /// A fresh time to live, as the packet starts here.
    private func setHopLimit(_ ip: UnsafeMutableRawPointer) {
        let view = UnsafeRawPointer(ip)
        let old = view.big16(8)
        let new = 64 << 8 | old & 0xFF
        ip.setBig16(new, at: 8)
        ip.setBig16(Checksum.update(view.big16(10), from: old, to: new), at: 10)
    }

    private func answerICMPv6(
        _ bytes: UnsafeMutableRawPointer, _ headers: PacketHeaders, _ batch: PacketBatch, _ index: Int
    ) -> Counter? {
        guard headers.transportProtocol == IPProtocol.icmpv6,
            headers.transportOffset == headers.networkOffset &+ 40, isHost(UnsafeRawPointer(bytes).big48(6))
        else { return nil }
        switch UnsafeRawPointer(bytes).big16(headers.transportOffset) {
        case 0x8000: return answerEcho6(bytes, headers)
        case 0x8700:
            return NeighbourSolicitation.answer(
                bytes, headers, mac: mac, room: batch.room(index), isOurs: { ipv6.contains($0) }
            ).map { length in
                batch.setLength(length, of: index)
                return .neighbour
            }
        default: return nil
        }
    }

    /// RFC 4443 section 4.
    private func answerEcho6(_ bytes: UnsafeMutableRawPointer, _ headers: PacketHeaders) -> Counter? {
        let ip = bytes + headers.networkOffset
        let icmp = bytes + headers.transportOffset
        let source = UnsafeRawPointer(ip).big128(8)
        let destination = UnsafeRawPointer(ip).big128(24)
        guard ipv6.contains(destination), source >> 120 != 0xFF, source != 0 else { return nil }
        setLink(bytes, destination: UnsafeRawPointer(bytes).big48(6))
        ip.setByte(64, at: 7)
        ip.setBig128(destination, at: 8)
        ip.setBig128(source, at: 24)
        icmp.setBig16(0x8100, at: 0)
        icmp.setBig16(Checksum.update(UnsafeRawPointer(icmp).big16(2), from: 0x8000, to: 0x8100), at: 2)
        return .echo6
    }

    private func setLink(_ bytes: UnsafeMutableRawPointer, destination: UInt64) {
        bytes.setBig48(destination, at: 0)
        bytes.setBig48(mac, at: 6)
    }

    /// Neither a group address nor none.
    private func isHost(_ mac: UInt64) -> Bool {
        mac >> 40 & 1 == 0 && mac != 0
    }
}
