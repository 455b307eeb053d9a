// SPDX-License-Identifier: Apache-2.0

import CFlashRuntime
import Testing

@testable import FlashRuntime

/// Sockets that exchange packets with each other; the test does what the FLASH kernel does.
@Suite struct RedirectingPortTests {
    /// A port, its rings as this process and the kernel see them.
    private struct Side {
        let id: PortID
        let socket: FileSocket
        let rings: QueueMapping

        init(_ datapath: SharedDatapath) throws {
            socket = try FileSocket()
            id = try datapath.addPort(socket: socket.descriptor, rings: FileSocket.rings, redirects: true)
            rings = try QueueMapping(
                socket: socket.descriptor, port: datapath.arena.port(UInt32(id.rawValue)).pointee)
        }
    }

    /// Moves up to `limit` packets: the frame goes there, and one of the target's fill ring comes back.
    private func redirect(_ from: Side, to: Side, limit: UInt32 = .max) -> UInt32 {
        let (transmit, completion) = (from.rings.transmit, from.rings.completion)
        let (receive, fill) = (to.rings.receive, to.rings.fill)
        var count: UInt32 = 0
        while count < limit, transmit.consumer.pointee != transmit.producer.pointee,
            fill.consumer.pointee != fill.producer.pointee,
            receive.producer.pointee &- receive.consumer.pointee <= receive.mask
        {
            receive.descriptors[Int(receive.producer.pointee & receive.mask)] =
                transmit.descriptors[Int(transmit.consumer.pointee & transmit.mask)]
            completion.addresses[Int(completion.producer.pointee & completion.mask)] =
                fill.addresses[Int(fill.consumer.pointee & fill.mask)]
            for word in [receive.producer, transmit.consumer, completion.producer, fill.consumer] {
                flash_store_release(word, word.pointee &+ 1)
            }
            count += 1
        }
        return count
    }

    private struct Scene {
        let rig: LoopRig
        let sender: Side
        let receivers: [Side]
        let counters: [RingID]
        let thread: ThreadID

        /// A source whose output 0 leads to three targets of one port.
        init(packets: UInt64) throws {
            rig = try LoopRig()
            sender = try Side(rig.datapath)
            let datapath = rig.datapath
            receivers = try (0..<3).map { _ in try Side(datapath) }
            thread = try rig.addThread()
            let thread = thread
            counters = try receivers.map { _ in try datapath.addRing(from: thread, to: thread, capacity: 0) }
            try rig.startSource(
                NumberSource(count: packets), on: thread,
                sockets: [(sender.id, sender.socket.descriptor)])
            let frames = try datapath.addFrames(of: thread)
            let targets = zip(receivers.indices, counters).map { index, counter in
                ThreadTable.Target.outlet(sender.id, outlet: index, counter: counter)
            }
            try rig.setTable(
                ThreadTable(inputs: [.init(source: .frames(frames), routes: [targets])]), of: thread)
        }
    }

    @Test func aPortFillsAndItsPacketsSayWhereTheyGo() throws {
        let scene = try Scene(packets: 1000)
        scene.rig.until { scene.rig.datapath.port(scene.sender.id)?.transmitUsed == 64 }
        scene.rig.stop()
        let transmit = scene.sender.rings.transmit
        var sent = [UInt32](repeating: 0, count: 3)
        for slot in 0..<64 {
            sent[Int(transmit.descriptors[slot].options >> UInt32(FLASH_OPTION_OUTLET_SHIFT))] += 1
        }
        let counted = scene.counters.compactMap { scene.rig.datapath.ring($0)?.sent }
        #expect(counted == sent)
        #expect(sent.allSatisfy { $0 > 0 })
        #expect(scene.rig.datapath.census(attempts: 1).isComplete)
    }

    @Test func everyFrameHasOneOwnerWhereverItWent() throws {
        let scene = try Scene(packets: 1000)
        let datapath = scene.rig.datapath
        scene.rig.until { datapath.port(scene.sender.id)?.transmitUsed == 64 }
        scene.rig.stop()
        #expect(redirect(scene.sender, to: scene.receivers[0], limit: 40) == 40)
        #expect(redirect(scene.sender, to: scene.receivers[1]) == 24)
        #expect(datapath.census(attempts: 1).isComplete)
        #expect(datapath.port(scene.receivers[0].id)?.receiveUsed == 40)

        // In any order, whoever has the frames now.
        let free = datapath.freeFrameCount
        datapath.removePort(scene.receivers[1].id)
        #expect(datapath.freeFrameCount == free + 128)
        #expect(datapath.census(attempts: 1).isComplete)
        datapath.removePort(scene.sender.id)
        datapath.removePort(scene.receivers[0].id)
        #expect(datapath.freeFrameCount == free + 3 * 128)
        #expect(datapath.census(attempts: 1).isComplete)
    }

    /// A NIC queue that takes the place of a port has nothing of that port's.
    @Test func aQueueInThePlaceOfAPortHasItsOwnFrames() throws {
        let scene = try Scene(packets: 1000)
        let datapath = scene.rig.datapath
        scene.rig.until { datapath.port(scene.sender.id)?.transmitUsed == 64 }
        scene.rig.stop()
        #expect(redirect(scene.sender, to: scene.receivers[0]) == 64)
        datapath.removePort(scene.sender.id)
        let socket = try FileSocket()
        let queue = try datapath.addPort(socket: socket.descriptor, rings: FileSocket.rings)
        #expect(queue == scene.sender.id)
        let free = datapath.freeFrameCount
        datapath.removePort(queue)
        #expect(datapath.freeFrameCount == free + 128)
        #expect(datapath.census(attempts: 1).isComplete)
    }

    @Test func whatALostPortHadIsFreeAfterwards() throws {
        let scene = try Scene(packets: 1000)
        let datapath = scene.rig.datapath
        scene.rig.until { datapath.port(scene.sender.id)?.transmitUsed == 64 }
        scene.rig.stop()
        #expect(redirect(scene.sender, to: scene.receivers[0]) == 64)
        let free = datapath.freeFrameCount
        // Its last holder has died: nobody can read its rings any more.
        datapath.ports[scene.receivers[0].id.rawValue] = nil
        datapath.reclaim()
        #expect(datapath.freeFrameCount == free + 128)
        #expect(datapath.census(attempts: 1).isComplete)
    }
}
