// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// A network device, as it was when it was looked up in the calling thread's network namespace.
package struct Device: Hashable, Codable, Sendable {
    package let name: String
    package let index: UInt32
    /// Largest packet without its Ethernet header, in bytes.
    package let mtu: Int
    /// `veth`, `ixgbe`, ...; empty where the driver does not say.
    package let driver: String
    /// At least 1.
    package let rxQueues: Int
    /// At least 1.
    package let txQueues: Int
    /// How many RX queues `setQueues` could ask for.
    package let maximumQueues: Int
    package let isUp: Bool
    /// The far end is there.
    package let hasCarrier: Bool
    /// Six bytes.
    package let address: [UInt8]

    /// ENODEV where there is no device of that name.
    package static func find(_ name: String) throws(SystemError) -> Device {
        var facts = flash_device()
        try SystemError.check("ioctl", flash_device_find(name, &facts), context: name)
        let driver = withUnsafeBytes(of: facts.driver) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let rx = Int(facts.rx_queues)
        let tx = Int(facts.tx_queues)
        return Device(
            name: name, index: facts.index, mtu: Int(facts.mtu), driver: driver,
            rxQueues: rx > 0 ? rx : queues(of: name, index: facts.index, prefix: "rx-"),
            txQueues: tx > 0 ? tx : queues(of: name, index: facts.index, prefix: "tx-"),
            maximumQueues: max(1, Int(facts.rx_queues_maximum)), isUp: facts.up != 0,
            hasCarrier: facts.carrier != 0, address: withUnsafeBytes(of: facts.address) { Array($0) })
    }

    package static func exists(_ name: String) -> Bool {
        (try? find(name)) != nil
    }

    /// The devices of the calling thread's network namespace, by index.
    package static func names() -> [String] {
        guard let list = if_nameindex() else { return [] }
        defer { if_freenameindex(list) }
        var names: [String] = []
        var entry = list
        while let name = entry.pointee.if_name {
            names.append(String(cString: name))
            entry += 1
        }
        return names
    }

    package func setUp(_ up: Bool) throws(SystemError) {
        try SystemError.check("ioctl SIOCSIFFLAGS", flash_device_set_up(name, up ? 1 : 0), context: name)
    }

    package func setMTU(_ mtu: Int) throws(SystemError) {
        let bytes = UInt32(clamping: mtu)
        try SystemError.check("ioctl SIOCSIFMTU", flash_device_set_mtu(name, bytes), context: "\(name) mtu \(mtu)")
    }

    /// As `ethtool -K NAME tx on|off`. Off, where the far end is read by AF_XDP: nobody would fill in the checksums.
    package func setTXChecksum(_ on: Bool) throws(SystemError) {
        try SystemError.check(
            "ioctl ETHTOOL_STXCSUM", flash_device_set_tx_checksum(name, on ? 1 : 0), context: name)
    }

    /// As `ethtool -K NAME gro on|off`. On, where the far end of a veth pair has its program in generic mode.
    package func setReceiveOffload(_ on: Bool) throws(SystemError) {
        try SystemError.check(
            "ioctl ETHTOOL_SGRO", flash_device_set_receive_offload(name, on ? 1 : 0), context: name)
    }

    /// As `ethtool -L NAME`. EINVAL where the driver has not so many.
    package func setQueues(rx: Int, tx: Int) throws(SystemError) {
        try SystemError.check(
            "ioctl ETHTOOL_SCHANNELS", flash_device_set_queues(name, UInt32(clamping: rx), UInt32(clamping: tx)),
            context: "\(name): \(rx) RX and \(tx) TX queues, at most \(maximumQueues)")
    }

    /// For drivers that do not say. /sys shows devices of its own namespace: only believed where it is the same one.
    private static func queues(of name: String, index: UInt32, prefix: String) -> Int {
        let folder = "/sys/class/net/\(name)"
        guard SystemFile.line("\(folder)/ifindex") == String(index) else { return 1 }
        return max(1, SystemFile.names(in: "\(folder)/queues").count { $0.hasPrefix(prefix) })
    }
}
