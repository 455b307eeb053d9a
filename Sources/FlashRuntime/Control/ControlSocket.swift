// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime

/// Messages with descriptors over a socket that keeps their bounds.
struct ControlSocket {
    /// Borrowed.
    let descriptor: Int32

    static var messageLimit: Int { 64 << 10 }

    struct Message: ~Copyable {
        var bytes: [UInt8]
        /// Owned by whoever has the message.
        var descriptors: [Int32]
    }

    func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(SystemError) {
        try SystemError.check(
            "sendmsg", flash_send(descriptor, bytes, bytes.count, descriptors, descriptors.count))
    }

    /// nil at the end.
    func receive() throws(SystemError) -> Message? {
        var bytes = [UInt8](repeating: 0, count: Self.messageLimit)
        var descriptors = [Int32](repeating: -1, count: Int(FLASH_MESSAGE_DESCRIPTORS))
        var count = 0
        let length = try SystemError.check(
            "recvmsg", flash_receive(descriptor, &bytes, bytes.count, &descriptors, &count))
        guard length > 0 else { return nil }
        return Message(bytes: Array(bytes.prefix(Int(length))), descriptors: Array(descriptors.prefix(count)))
    }

    func isReadable(within milliseconds: Int) throws(SystemError) -> Bool {
        try SystemError.check("poll", flash_wait_readable(descriptor, Int32(clamping: milliseconds))) > 0
    }
}
