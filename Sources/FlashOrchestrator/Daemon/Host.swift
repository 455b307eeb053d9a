// SPDX-License-Identifier: Apache-2.0

/// What the executor asks of the machine, for one topology. Each call either does all of what it says or throws and
/// leaves things as they were. Calls block; they are made by one thread.
package protocol Host: AnyObject {
    /// How long a worker may take to do what a call asks it for, in seconds.
    var deadline: Double { get set }

    func createMemory(_ plan: MemoryPlan) throws(HostError)
    func removeMemory() throws(HostError)

    func createHost(_ name: String, _ plan: HostPlan) throws(HostError)
    func removeHost(_ name: String, _ plan: HostPlan) throws(HostError)

    /// Puts the XDP program on the interface's device.
    func attach(_ interface: String, _ plan: InterfacePlan) throws(HostError)
    func detach(_ interface: String, _ plan: InterfacePlan) throws(HostError)

    /// Opens a socket on a queue, which gets no packets yet.
    func openQueue(_ queue: QueueID, of interface: InterfacePlan) throws(HostError)
    func closeQueue(_ queue: QueueID) throws(HostError)

    /// Opens the socket of a port, with `capacity` slots in each ring.
    func openPort(_ port: PortKey, capacity: Int) throws(HostError)
    func closePort(_ port: PortKey) throws(HostError)
    /// Writes a port's rule again.
    func rewire(_ port: PortKey) throws(HostError)

    /// Starts the worker of an NF and waits until it is ready. Its threads have no inputs yet.
    func start(_ function: FunctionID, _ plan: FunctionPlan) throws(HostError)
    /// Puts another worker in the place of the one that runs, or ran: same threads, rings and sockets.
    func restart(_ function: FunctionID, from old: FunctionPlan, to new: FunctionPlan) throws(HostError)
    func reconfigure(_ function: FunctionID, from old: FunctionPlan, to new: FunctionPlan) throws(HostError)
    /// Ends a worker at once and lets a successor do its work; for one that does not answer.
    func replace(_ function: FunctionID)
    func stop(_ function: FunctionID) throws(HostError)
    /// Ends the workers of these NFs before much is taken down; their threads stay, and nobody comes in their place.
    func halt(_ functions: [FunctionID])
    /// Starts workers for NFs that were halted.
    func resume(_ functions: [FunctionID]) throws(HostError)

    /// What carries the packets; there is none before the memory.
    var datapath: any Datapath { get throws(HostError) }

    /// Keeps the record of what stands, for a daemon to come.
    func record(_ chain: Chain) throws(HostError)
    /// Reads back what has been made, and says what is not as it was made.
    func faults(in chain: Chain) -> [Fault]
    /// Packets lost so far because an output led nowhere or a socket had no room; it never decreases.
    var packetsLost: UInt64 { get }

    /// CLOCK_MONOTONIC in nanoseconds.
    var now: UInt64 { get }
    /// Lets things happen: returns after a while, or as soon as the datapath has acknowledged something. Deaths of
    /// workers are dealt with meanwhile.
    func wait(milliseconds: Int)
}

/// How packets get from thread to thread: over exchange rings (`shared`), or from socket to socket (`flash`).
package protocol Datapath: AnyObject {
    /// Frames that no ring and no queue has.
    var freeFrames: Int { get }

    /// - Parameter capacity: of the ring where it has frames of its own.
    func addRing(_ ring: RingKey, capacity: Int) throws(HostError)
    /// The ring must not be in any table any more.
    func removeRing(_ ring: RingKey)
    /// Frames that the ring has.
    func capacity(of ring: RingKey) -> Int
    /// Frames of each side of a port.
    func capacity(of port: PortKey) -> Int
    /// No packet waits in the ring, or none that nobody would take out after it is gone.
    func isEmpty(_ ring: RingKey) -> Bool
    /// A probe has passed from its writer to its reader, or the kernel says that the one's socket leads to the other's.
    func isProven(_ ring: RingKey) -> Bool

    /// Gives the queue's packets to its socket, or lets them pass to the stack; read back.
    func deliver(_ queue: QueueID, _ isOn: Bool) throws(HostError)
    /// No packet waits at the socket.
    func isEmpty(_ queue: QueueID) -> Bool

    /// Tells a thread what to read and where to send.
    func setTable(_ table: TablePlan, of thread: ThreadKey) throws(HostError)
    /// The thread works by the table that was set last, or has no worker at the moment.
    func hasAcknowledged(_ thread: ThreadKey) -> Bool
    /// A worker runs the thread.
    func isRunning(_ thread: ThreadKey) -> Bool
}

/// What a thread reads, and where each output of each input leads, by keys.
package struct TablePlan: Codable, Hashable, Sendable {
    package enum Source: Codable, Hashable, Sendable {
        case queue(QueueID)
        case ring(RingKey)
        /// The program makes the packets.
        case frames
    }

    package enum Target: Codable, Hashable, Sendable {
        case queue(QueueID)
        case ring(RingKey)
    }

    package struct Input: Codable, Hashable, Sendable {
        package var source: Source
        /// By output index; no target: nowhere; several: by flow.
        package var routes: [[Target]]

        package init(source: Source, routes: [[Target]]) {
            self.source = source
            self.routes = routes
        }
    }

    package var inputs: [Input]

    package init(inputs: [Input] = []) {
        self.inputs = inputs
    }
}
