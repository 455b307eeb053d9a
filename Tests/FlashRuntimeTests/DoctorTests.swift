// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import FlashRuntime

@Suite struct DoctorTests {
    private func line(_ support: FlashKernel.Support, installed: String?) -> DoctorLine {
        Doctor.flashKernel(support, installed: installed, running: "6.12.1-flash")
    }

    /// What is looked at after the reboot that follows kernel/install.sh.
    @Test func aFlashKernelThatIsInstalledAndDoesNotRunIsAWarning() {
        let other = line(.absent, installed: "6.12.2-flash")
        #expect(other.state == .warning)
        #expect(other.found == "6.12.2-flash is installed, and 6.12.1-flash runs")
        #expect(other.advice?.contains("choose 6.12.2-flash in the boot menu") == true)
        #expect(line(.usable, installed: "6.12.1-flash").state == .ok)
        #expect(line(.absent, installed: "6.12.1-flash").advice?.contains("mount sysfs") == true)
    }

    @Test func noFlashKernelIsNoFault() {
        #expect(line(.absent, installed: nil).state == .ok)
        #expect(line(.usable, installed: nil).found == "/sys/kernel/flash: datapath auto is flash")
        let refused = line(.unusable("it is read-only"), installed: nil)
        #expect(refused.state == .warning && refused.found == "it is read-only")
    }
}
