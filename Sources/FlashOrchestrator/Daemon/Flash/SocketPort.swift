// SPDX-License-Identifier: Apache-2.0

import FlashRuntime

/// A port and its socket on this machine.
final class SocketPort {
    let key: PortKey
    let port: PortID
    /// Of the device of the ports.
    let queue: Int
    let socket: XDPSocket
    /// By which the next daemon finds its socket.
    let socketIdentity: DescriptorIdentity?
    /// By which the kernel knows the socket.
    let flashID: Int
    var outlets = Outlets()
    /// The rule as it was written last.
    var written: [Int] = []
    /// For ports that outputs have left: how far the TX ring was then.
    var leavingMarks: [PortKey: UInt32] = [:]

    init(key: PortKey, port: PortID, queue: Int, socket: consuming XDPSocket, flashID: Int) {
        self.key = key
        self.port = port
        self.queue = queue
        socketIdentity = socket.descriptor.identity
        self.socket = socket
        self.flashID = flashID
    }

    /// As a clause; nil where the kernel says what was written.
    var fault: String? {
        do throws(SystemError) {
            let found = try FlashKernel.next(of: flashID)
            if found == written { return nil }
            return "\(FlashKernel.path(of: flashID)) says \(FlashKernel.format(found)) instead of "
                + FlashKernel.format(written)
        } catch {
            return "\(error)"
        }
    }
}
