// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import FlashRuntime

@Suite struct DescriptorIdentityTests {
    @Test func allDescriptorsOfOneSocketMemoryOrEventHaveTheSameAndOthersDiffer() throws {
        let pair = try OwnedDescriptor.socketPair()
        let memory = try OwnedDescriptor.memory(name: "test", size: 4096)
        let otherMemory = try OwnedDescriptor.memory(name: "test", size: 4096)
        let event = try OwnedDescriptor.event()
        let otherEvent = try OwnedDescriptor.event()
        let numbers = [
            pair.first.rawValue, pair.second.rawValue, memory.rawValue, otherMemory.rawValue, event.rawValue,
            otherEvent.rawValue,
        ]
        let identities = try numbers.map { try #require(DescriptorIdentity.read($0, of: "self")) }
        let kinds = identities.map { String($0.rawValue.prefix { $0 != " " }) }
        #expect(kinds == ["socket", "socket", "file", "file", "event", "event"])
        #expect(Set(identities).count == numbers.count)
        for number in numbers {
            let copy = try OwnedDescriptor.duplicate(number)
            #expect(copy.identity == DescriptorIdentity.read(number, of: "self"))
        }
    }

    @Test func whatIsNotOpenOrOfAnotherKindHasNone() throws {
        #expect(DescriptorIdentity.read(-1, of: "self") == nil)
        #expect(DescriptorIdentity.read(.max, of: "self") == nil)
        #expect(DescriptorIdentity.read(0, of: "nobody") == nil)
        let device = try OwnedDescriptor.open("/dev/null", flags: O_RDONLY)
        #expect(device.identity == nil)
    }

    @Test func aDescriptorOfAProcessIsFoundByWhatItIsOpenOn() throws {
        let process = try ProcessHandle.open(identifier: getpid())
        let event = try OwnedDescriptor.event()
        let found = event.identity
        let identity = try #require(found)
        let number = try #require(process.descriptors()[identity])
        let copy = try process.copyDescriptor(number)
        #expect(copy.identity == identity)
    }
}
