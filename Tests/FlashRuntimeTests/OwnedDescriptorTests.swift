// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc
import Testing

@Suite struct OwnedDescriptorTests {
    @Test func closesAtTheEndOfItsLife() throws {
        let rawValue: Int32
        do {
            let pair = try OwnedDescriptor.socketPair()
            rawValue = try OwnedDescriptor.duplicate(pair.first.rawValue).take()
        }
        // The far end is closed, the copy that was taken is not.
        var byte: UInt8 = 0
        #expect(read(rawValue, &byte, 1) == 0)
        #expect(close(rawValue) == 0)
    }

    @Test func memoryKeepsItsSize() throws {
        let memory = try OwnedDescriptor.memory(name: "test", size: 8192)
        #expect(lseek(memory.rawValue, 0, SEEK_END) == 8192)
        #expect(ftruncate(memory.rawValue, 4096) == -1)
        #expect(fcntl(memory.rawValue, F_GETFD) == FD_CLOEXEC)
    }

    @Test func anEventIsToldFromWhatMayBlock() throws {
        let event = try OwnedDescriptor.event()
        let blocking = try OwnedDescriptor.event()
        #expect(fcntl(blocking.rawValue, F_SETFL, 0) == 0)
        let pair = try OwnedDescriptor.socketPair()
        #expect(fcntl(pair.first.rawValue, F_SETFL, O_NONBLOCK) == 0)
        let nothing = OwnedDescriptor(taking: -1)
        let answers = [event.isEvent, blocking.isEvent, pair.first.isEvent, nothing.isEvent]
        #expect(answers == [true, false, false, false])
    }

    @Test func errorNamesCallAndFile() {
        #expect {
            _ = try OwnedDescriptor.open("/nowhere/at/all", flags: O_RDONLY)
        } throws: { error in
            let error = error as? SystemError
            return error == SystemError(call: "open", code: ENOENT, context: "/nowhere/at/all")
                && error?.description == "open: No such file or directory (/nowhere/at/all)"
        }
    }

    @Test func checkPassesValuesAndThrowsErrors() throws {
        #expect(try SystemError.check("read", 12) == 12)
        #expect(throws: SystemError(call: "read", code: EAGAIN)) { try SystemError.check("read", -EAGAIN) }
    }
}
