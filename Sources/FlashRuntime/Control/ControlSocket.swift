// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// Messages with descriptors over a socket that keeps their bounds. Nothing but `wait` waits: the other side has both ends,
/// and may have taken what was there to be received, or the room to send.
struct ControlSocket {
    /// Borrowed.
    let descriptor: Int32

    static var messageLimit: Int { 64 << 10 }

    struct Message: ~Copyable {
        var bytes: [UInt8]
        /// Owned by whoever has the message.
        var descriptors: [Int32]
    }

    /// False where there is no room now.
    func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(SystemError) -> Bool {
        let result = flash_send(descriptor, bytes, bytes.count, descriptors, descriptors.count)
        if result == -EAGAIN { return false }
        try SystemError.check("sendmsg", result)
        return true
    }

    /// nil at the end.
    ///
    /// - Throws: EAGAIN where there is no message now.
    func receive() throws(SystemError) -> Message? {
        var bytes = [UInt8](repeating: 0, count: Self.messageLimit)
        var descriptors = [Int32](repeating: -1, count: Int(FLASH_MESSAGE_DESCRIPTORS))
        var count = 0
        let length = try SystemError.check(
            "recvmsg", flash_receive(descriptor, &bytes, bytes.count, &descriptors, &count))
        guard length > 0 else { return nil }
        return Message(bytes: Array(bytes.prefix(Int(length))), descriptors: Array(descriptors.prefix(count)))
    }

    enum Event {
        case message
        case room
    }

    /// False where it has not come within `milliseconds`; nil: without limit.
    @discardableResult
    func wait(for event: Event, milliseconds: Int?) throws(SystemError) -> Bool {
        let events = Int16(event == .message ? POLLIN : POLLOUT)
        let limit = milliseconds.map { Int32(clamping: $0) } ?? -1
        return try SystemError.check("poll", flash_wait(descriptor, events, limit)) > 0
    }
}
