// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

// The parts that read what others wrote, and nothing else: no daemon and no dependency, so that building them with
// sanitizers takes little. `Tests/Fuzz/run` builds and runs this; the sources are links to those of the main package.

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "flash-fuzz",
    targets: [
        .systemLibrary(
            name: "CLibYAML",
            path: "Sources/YAMLBridge/CLibYAML",
            pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"])]
        ),
        .target(
            name: "YAMLBridge",
            dependencies: ["CLibYAML"],
            path: "Sources/YAMLBridge",
            exclude: ["CLibYAML"],
            swiftSettings: strict
        ),
        .target(
            name: "CFlashRuntime",
            path: "Sources/FlashRuntime/CFlashRuntime",
            linkerSettings: [.linkedLibrary("bpf"), .linkedLibrary("seccomp")]
        ),
        .target(
            name: "FlashRuntime",
            dependencies: ["CFlashRuntime"],
            path: "Sources/FlashRuntime",
            exclude: ["CFlashRuntime", "Worker", "XDP"],
            resources: [.embedInCode("Resources/queue.bpf.o")],
            swiftSettings: strict
        ),
        .target(
            name: "FlashOrchestrator",
            dependencies: ["YAMLBridge", "FlashRuntime"],
            path: "Sources/Topology",
            swiftSettings: strict
        ),
        .target(
            name: "FuzzTargets",
            dependencies: ["FlashOrchestrator", "FlashRuntime", "YAMLBridge"],
            path: "Targets",
            swiftSettings: strict
        ),
        .systemLibrary(name: "CLibFuzzer", path: "Engine/CLibFuzzer"),
        .executableTarget(
            name: "flash-fuzz",
            dependencies: ["CLibFuzzer", "FuzzTargets"],
            path: "Engine",
            exclude: ["CLibFuzzer"],
            swiftSettings: strict
        ),
    ]
)
