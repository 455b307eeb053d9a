// SPDX-License-Identifier: Apache-2.0

/// Loads and stores at any alignment, in network byte order where the name says nothing else.
extension UnsafeRawPointer {
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 {
        loadUnaligned(fromByteOffset: offset, as: UInt8.self)
    }

    @inline(__always)
    func big16(_ offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always)
    func big32(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    func big64(_ offset: Int) -> UInt64 {
        UInt64(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// 48 bits: an Ethernet address.
    @inline(__always)
    func big48(_ offset: Int) -> UInt64 {
        UInt64(big16(offset)) << 32 | UInt64(big32(offset &+ 2))
    }

    /// 128 bits: an IPv6 address.
    @inline(__always)
    func big128(_ offset: Int) -> UInt128 {
        UInt128(big64(offset)) << 64 | UInt128(big64(offset &+ 8))
    }
}

extension UnsafeMutableRawPointer {
    @inline(__always)
    func setByte(_ value: UInt8, at offset: Int) {
        storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    }

    @inline(__always)
    func setBig16(_ value: UInt16, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    @inline(__always)
    func setBig32(_ value: UInt32, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    @inline(__always)
    func setBig64(_ value: UInt64, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
    }

    @inline(__always)
    func setBig48(_ value: UInt64, at offset: Int) {
        setBig16(UInt16(truncatingIfNeeded: value >> 32), at: offset)
        setBig32(UInt32(truncatingIfNeeded: value), at: offset &+ 2)
    }

    @inline(__always)
    func setBig128(_ value: UInt128, at offset: Int) {
        setBig64(UInt64(truncatingIfNeeded: value >> 64), at: offset)
        setBig64(UInt64(truncatingIfNeeded: value), at: offset &+ 8)
    }
}
