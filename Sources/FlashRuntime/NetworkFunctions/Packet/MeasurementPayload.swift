// SPDX-License-Identifier: Apache-2.0

/// What `generator` writes behind the UDP header and `sink` measures: 18 bytes, so that it fits the shortest Ethernet
/// frame, in network byte order.
///
///     offset  bytes
///          0      4  marker 0x464C5348 ("FLSH")
///          4      2  flow
///          6      4  sequence number within the flow, from 0, wraps
///         10      8  CLOCK_MONOTONIC in nanoseconds when the packet was made
enum MeasurementPayload {
    static var size: Int { 18 }
    static var marker: UInt32 { 0x464C_5348 }

    static var flowOffset: Int { 4 }
    static var sequenceOffset: Int { 6 }
    static var timeOffset: Int { 10 }
    /// Flow numbers are below this.
    static var flowLimit: Int { 1 << 16 }
}
