// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "flash-orch",
    products: [
        .executable(name: "flash-orch", targets: ["flash-orch"]),
        .executable(name: "flash-nf", targets: ["flash-nf"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
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
        .executableTarget(
            name: "flash-nf",
            dependencies: ["FlashRuntime"],
            path: "Sources/FlashRuntime/Worker",
            swiftSettings: strict
        ),
        .target(
            name: "FlashOrchestrator",
            dependencies: [
                "YAMLBridge",
                "FlashRuntime",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Sources/FlashOrchestrator",
            exclude: ["CLI"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "flash-orch",
            dependencies: [
                "FlashOrchestrator",
                "FlashRuntime",
                "YAMLBridge",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/FlashOrchestrator/CLI",
            swiftSettings: strict
        ),
        .testTarget(name: "YAMLBridgeTests", dependencies: ["YAMLBridge"], swiftSettings: strict),
        .testTarget(
            name: "FlashRuntimeTests",
            dependencies: ["FlashRuntime"],
            exclude: ["Captures"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FlashOrchestratorTests",
            dependencies: ["FlashOrchestrator", "YAMLBridge", "FlashRuntime"],
            swiftSettings: strict
        ),
        .target(
            name: "FuzzTargets",
            dependencies: ["FlashOrchestrator", "FlashRuntime", "YAMLBridge"],
            path: "Tests/Fuzz/Targets",
            swiftSettings: strict
        ),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"], swiftSettings: strict),
        .executableTarget(
            name: "flash-host-probe",
            dependencies: ["FlashRuntime"],
            path: "Tests/IntegrationTests/HostProbe",
            swiftSettings: strict
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["FlashOrchestrator", "FlashRuntime", "flash-host-probe"],
            exclude: ["HostProbe"],
            swiftSettings: strict
        ),
    ]
)
