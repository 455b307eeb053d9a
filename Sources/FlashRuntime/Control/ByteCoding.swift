// SPDX-License-Identifier: Apache-2.0

/// Writes messages between the daemon and its workers: little-endian integers, counted strings.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: UInt32) {
        for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
    }

    mutating func write(_ value: Int) {
        let bits = UInt64(bitPattern: Int64(value))
        write(UInt32(truncatingIfNeeded: bits))
        write(UInt32(truncatingIfNeeded: bits >> 32))
    }

    mutating func write(_ text: String) {
        let utf8 = Array(text.utf8)
        write(UInt32(utf8.count))
        bytes.append(contentsOf: utf8)
    }
}

/// Reads what `ByteWriter` has written; nil for bytes that it has not.
struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func readUInt32() -> UInt32? {
        guard rest.count >= 4 else { return nil }
        var value: UInt32 = 0
        for (index, byte) in rest.prefix(4).enumerated() { value |= UInt32(byte) << UInt32(8 * index) }
        rest = rest.dropFirst(4)
        return value
    }

    mutating func readInt() -> Int? {
        guard let low = readUInt32(), let high = readUInt32() else { return nil }
        return Int(truncatingIfNeeded: UInt64(high) << 32 | UInt64(low))
    }

    mutating func readString() -> String? {
        guard let count = readUInt32(), count <= rest.count else { return nil }
        let text = String(decoding: rest.prefix(Int(count)), as: UTF8.self)
        rest = rest.dropFirst(Int(count))
        return text
    }
}
