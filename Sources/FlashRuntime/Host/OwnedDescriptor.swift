// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// The one owner of a file descriptor, which closes it.
package struct OwnedDescriptor: ~Copyable, Sendable {
    /// The descriptor; valid as long as its owner lives.
    package let rawValue: Int32

    /// Takes over a descriptor that is open and that nobody else closes.
    package init(taking rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        _ = Glibc.close(rawValue)
    }

    /// Gives the descriptor away without closing it.
    package consuming func take() -> Int32 {
        let rawValue = rawValue
        discard self
        return rawValue
    }

    /// nil where it is neither a socket, a file, an event nor a BPF link.
    package var identity: DescriptorIdentity? { DescriptorIdentity.read(rawValue, of: "self") }

    /// A second descriptor of the same open file, closed on exec.
    package func duplicate() throws(SystemError) -> OwnedDescriptor {
        try OwnedDescriptor.duplicate(rawValue)
    }

    /// A second descriptor of the same open file as a borrowed one, closed on exec.
    package static func duplicate(_ rawValue: Int32) throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(taking: try SystemError.check("fcntl", flash_duplicate(rawValue)))
    }
}

extension OwnedDescriptor {
    /// A pair that is connected, and closed on exec.
    package struct Pair: ~Copyable, Sendable {
        package var first: OwnedDescriptor
        package var second: OwnedDescriptor

        package init(first: consuming OwnedDescriptor, second: consuming OwnedDescriptor) {
            self.first = first
            self.second = second
        }
    }

    /// An eventfd with count 0, closed on exec. It does not block: whoever else has it may have filled or emptied it.
    package static func event() throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(taking: try SystemError.check("eventfd", flash_event()))
    }

    /// What `event()` makes, and nothing else.
    package var isEvent: Bool { flash_is_event(rawValue) == 1 }

    /// Memory without a name in the file system, `size` bytes of zeros, sealed against a change of its size.
    package static func memory(name: String, size: Int) throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(
            taking: try SystemError.check("memfd_create", flash_memory(name, size), context: "\(size) bytes"))
    }

    /// Two ends of a Unix socket that keeps the bounds of messages.
    package static func socketPair() throws(SystemError) -> Pair {
        var ends: (Int32, Int32) = (-1, -1)
        try SystemError.check("socketpair", flash_socket_pair(&ends.0, &ends.1))
        return Pair(first: OwnedDescriptor(taking: ends.0), second: OwnedDescriptor(taking: ends.1))
    }

    /// Opens a file, closed on exec. `flags` as in open(2).
    package static func open(_ path: String, flags: Int32, mode: UInt32 = 0o600) throws(SystemError) -> OwnedDescriptor
    {
        OwnedDescriptor(taking: try SystemError.check("open", flash_open(path, flags, mode), context: path))
    }

    /// Keeps the descriptors of this process from `first` on out of the programs that it executes.
    package static func closeOnExec(from first: Int32) {
        _ = flash_close_on_exec_from(first)
    }
}
