// SPDX-License-Identifier: Apache-2.0

extension Executor {
    /// Brings a link from however it stands to what is wanted (nil: away), also from the middle of a change that
    /// failed. Readers learn of new rings before writers do, and forget old ones when these are empty: no packet is
    /// lost.
    func change(_ link: LinkSource, to wanted: WiredLink?) throws(HostError) {
        let datapath = try host.datapath
        let hops = wanted?.hops ?? []
        let rings = Set(hops.compactMap { $0.ring(of: link) })
        let present = fabric.rings[link] ?? []
        let surplus = present.subtracting(rings).sorted()

        let capacity = ringCapacity(datapath)
        for ring in rings.subtracting(present).sorted() {
            try datapath.addRing(ring, capacity: capacity)
            fabric.addRing(ring)
        }
        for hop in hops where hop.ring(of: link) != nil { fabric.addArrival(hop, of: link) }
        try settle(Set(rings.map(\.target)))

        let writers = fabric.writers(of: link)
        fabric.setRoutes(wanted, of: link)
        try settle(writers.union(fabric.writers(of: link)))
        if case .queue(let queue) = link.head, link.function == nil {
            try moveReader(of: queue, to: hops.first, of: link)
        }

        for ring in surplus {
            try waitUntil("packets in the old ring from \(ring.source) to \(ring.target) were not taken out") {
                datapath.isEmpty(ring) || !datapath.isRunning(ring.target)
            }
            fabric.removeArrival(.ring(ring), at: ring.target)
        }
        try settle(Set(surplus.map(\.target)))
        for ring in surplus {
            datapath.removeRing(ring)
            fabric.removeRing(ring)
        }
    }

    /// A queue has one reader: the old one lets go of it before the new one takes it. Meanwhile packets wait at the
    /// socket.
    private func moveReader(of queue: QueueID, to hop: Hop?, of link: LinkSource) throws(HostError) {
        let datapath = try host.datapath
        let old = fabric.reader(of: queue)
        let new = hop?.target.thread
        if let old, new != old {
            if new == nil {
                try datapath.deliver(queue, false)
                try waitUntil("packets at the socket of queue \(queue) were not taken out") {
                    datapath.isEmpty(queue) || !datapath.isRunning(old)
                }
            }
            fabric.removeArrival(.queue(queue), at: old)
            try settle([old])
        }
        guard let hop, let new else { return }
        fabric.addArrival(hop, of: link)
        try settle([new])
        // Also where the reader stays: a way back that failed may have ended before this.
        try datapath.deliver(queue, true)
    }

    /// Gives threads the tables that the fabric now says, where these differ, and waits until they are worked by.
    func settle(_ threads: Set<ThreadKey>) throws(HostError) {
        try settle(threads) { fabric.table(of: $0) }
    }

    func settle(_ threads: Set<ThreadKey>, by plan: (ThreadKey) -> TablePlan) throws(HostError) {
        guard !threads.isEmpty else { return }
        let datapath = try host.datapath
        var changed: [ThreadKey] = []
        for thread in threads.sorted() {
            let table = plan(thread)
            if tables[thread] == table && datapath.hasAcknowledged(thread) { continue }
            try awaitAcknowledgement(thread, datapath)
            if tables[thread] == table { continue }
            do throws(HostError) {
                try datapath.setTable(table, of: thread)
            } catch {
                guard isUndoing else { throw error }
                // One that did not answer has a successor by now.
                if (try? datapath.setTable(table, of: thread)) == nil {
                    host.replace(thread.function)
                    try datapath.setTable(table, of: thread)
                }
            }
            tables[thread] = table
            changed.append(thread)
        }
        for thread in changed { try awaitAcknowledgement(thread, datapath) }
    }

    private func awaitAcknowledgement(_ thread: ThreadKey, _ datapath: any Datapath) throws(HostError) {
        let failure = "nf \(thread.function) did not take its new table"
        do throws(HostError) {
            try waitUntil(failure) { datapath.hasAcknowledged(thread) }
        } catch {
            guard isUndoing else {
                let fault = host.faults(in: chain).first { $0.subject == .function(thread.function) }
                guard let fault else { throw error }
                throw .deadline(what: "\(failure) (\(fault.reason))", seconds: deadline)
            }
            host.replace(thread.function)
            try waitUntil(failure) { datapath.hasAcknowledged(thread) }
        }
    }
}
