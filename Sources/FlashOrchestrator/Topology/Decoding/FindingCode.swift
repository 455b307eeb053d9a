// SPDX-License-Identifier: Apache-2.0

package import YAMLBridge

/// Every kind of fault and surprise that the topology decoder tells of. A test provokes each of them.
package enum FindingCode: String, CaseIterable, Sendable {
    // The shape of values
    case wrongType
    case unknownKey
    case missingKey
    case badElementCount
    case duplicateElement
    case badFileName

    // Programs and their configuration
    case unknownProgram
    case refusedConfiguration

    // Names
    case badName
    case duplicateName

    // Link texts
    case badLinkText
    case tooFewEnds
    case unknownName
    case unknownQueue
    case unknownOutput
    case queueOfFunction
    case outputOfInterface
    case outputInsidePath
    case interfaceInsidePath
    case queueToQueue
    case sourceAsTarget
    case noOutputs
    case tooManyLinks

    // The graph
    case queueReadTwice
    case secondLink
    case outputWithoutLink
    case functionNotReached

    // The machine
    case unknownCPU
    case unknownDevice
    case tooFewDeviceQueues
    case deviceUsedTwice
    case deviceHeld
    case noFlashKernel

    // The lab
    case unknownLabInterface
    case labInterfaceUsedTwice
    case duplicateAddress

    // What runs, but surprises
    case moreBusyThreadsThanCPUs
    case busyThreadSharesCPU
    case unusedCPUs
    case idleThreads
    case queueWithoutReader
    case interfaceWithoutLink
    case loop

    package var severity: Diagnostic.Severity {
        switch self {
        case .moreBusyThreadsThanCPUs, .busyThreadSharesCPU, .unusedCPUs, .idleThreads, .queueWithoutReader,
            .interfaceWithoutLink, .loop:
            return .warning
        default:
            return .error
        }
    }
}
