// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc
import Testing

@Suite(.serialized) struct HostDoctorTests {
    @Test func thisMachineCanRunTopologies() throws {
        let lines = Doctor.examine()
        for line in lines {
            #expect(line.state != .missing, "\(line.name): \(line.found)")
            #expect(!line.found.isEmpty)
        }
        let names = lines.map(\.name)
        for name in ["kernel", "privileges", "iproute2", "lab", "native XDP", "generic XDP", "AF_XDP", "huge pages"] {
            #expect(names.contains(name))
        }
        #expect(lines.first { $0.name == "AF_XDP" }?.state == .ok)
        #expect(lines.contains { $0.name.hasPrefix("device ") })
        // Nothing is left behind.
        #expect(!Device.exists("fldoc\(getpid())"))
        #expect(!NetworkNamespace.exists("flash-doctor-\(getpid())"))
    }
}
