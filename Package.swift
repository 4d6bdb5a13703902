// swift-tools-version: 6.2
import PackageDescription

// What the tests call on is optimised, and keeps its assertions: as built for a debugger it takes minutes to read one vmcore.
let fast: SwiftSetting = .unsafeFlags(["-O", "-assert-config", "Debug"], .when(configuration: .debug))

// What a fuzzer is led by: which edges an input takes, and what it is compared with. Of what ships alone.
let covered: SwiftSetting = .unsafeFlags(
  ["-sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp"], .when(traits: ["Fuzzing"]))

let strict: [SwiftSetting] = [
  fast, covered,
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "vmsieve",
  products: [
    .executable(name: "vmsieve", targets: ["vmsieve"]),
    // For the package in Fuzzing.
    .library(name: "FuzzTargets", targets: ["FuzzTargets"]),
    // For the package in Benchmarks.
    .library(
      name: "BenchmarkedParts",
      targets: [
        "Platform", "PageCompression", "DumpMemory", "KernelModel", "MemoryEncryption", "Diskdump",
        "DumpPipeline",
        "DumpFixtures",
      ]),
  ],
  traits: [
    .default(enabledTraits: ["DWARF", "Libdeflate"]),
    .trait(name: "DWARF", description: "Reads the debug information of a vmlinux, with elfutils' libdw."),
    .trait(
      name: "Libdeflate",
      description: "Reads and writes zlib's format with libdeflate instead of zlib, which is slower."),
    .trait(name: "Fuzzing", description: "Instruments the program for libFuzzer; wants --sanitize=address."),
  ],
  targets: [
    // C, thin: what the importer cannot see, and nothing else.
    .target(name: "CLinux"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CDeflate", pkgConfig: "libdeflate", providers: [.apt(["libdeflate-dev"])]),
    .systemLibrary(name: "CLZO", pkgConfig: "lzo2", providers: [.apt(["liblzo2-dev"])]),
    .systemLibrary(name: "CSnappy", pkgConfig: "snappy", providers: [.apt(["libsnappy-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
    .systemLibrary(name: "CElfutils", pkgConfig: "libdw", providers: [.apt(["libdw-dev"])]),

    // What ships. Arrows point down only.
    .target(name: "Platform", dependencies: ["CLinux"], swiftSettings: strict),
    .target(
      name: "PageCompression",
      dependencies: [
        "Platform", .target(name: "CDeflate", condition: .when(traits: ["Libdeflate"])), "CZlib", "CLZO",
        "CSnappy",
        "CZstd",
      ],
      swiftSettings: strict,
      // libsnappy is C++ behind a C interface.
      linkerSettings: [.linkedLibrary("stdc++")]),
    .target(
      name: "DumpMemory", dependencies: ["Platform", "PageCompression", "CNettle"], swiftSettings: strict),
    .target(name: "DebugInformation", dependencies: ["Platform", "CElfutils"], swiftSettings: strict),
    .target(
      name: "KernelModel",
      dependencies: [
        "Platform", "DumpMemory", .target(name: "DebugInformation", condition: .when(traits: ["DWARF"])),
      ],
      swiftSettings: strict),
    .target(
      name: "MemoryEncryption", dependencies: ["Platform", "DumpMemory", "KernelModel", "CNettle"],
      swiftSettings: strict),
    .target(
      name: "Diskdump", dependencies: ["Platform", "PageCompression", "DumpMemory"], swiftSettings: strict),
    .target(
      name: "DumpPipeline",
      dependencies: ["Platform", "PageCompression", "DumpMemory", "Diskdump"],
      swiftSettings: strict),
    .executableTarget(
      name: "vmsieve",
      dependencies: [
        "CLinux", "Platform", "PageCompression", "DumpMemory", "KernelModel", "MemoryEncryption", "Diskdump",
        "DumpPipeline",
      ],
      swiftSettings: strict),

    // Test support: synthetic kernels and an independent reader of dumps.
    .target(name: "DumpFixtures", path: "Tests/DumpFixtures", swiftSettings: [fast]),
    .target(name: "FaultInjector", path: "Tests/FaultInjector"),
    .target(
      name: "DumpJudge",
      dependencies: ["CZlib", "CLZO", "CSnappy", "CZstd"],
      path: "Tests/DumpJudge",
      swiftSettings: [fast]),

    // What is fuzzed, and how: `make fuzz` drives it by libFuzzer, `make test` runs what once failed through it.
    .target(
      name: "FuzzTargets",
      dependencies: ["Platform", "PageCompression", "DumpMemory", "KernelModel", "Diskdump", "DumpFixtures"],
      path: "Tests/FuzzTargets",
      swiftSettings: [fast]),
    .testTarget(
      name: "FuzzTargetsTests", dependencies: ["FuzzTargets", "DumpMemory", "KernelModel"],
      exclude: ["Regressions"]),

    .testTarget(name: "PlatformTests", dependencies: ["Platform"]),
    .testTarget(
      name: "PageCompressionTests", dependencies: ["PageCompression", "DumpFixtures", "DumpJudge"]),
    .testTarget(name: "VmcoreTests", dependencies: ["DumpMemory", "KernelModel", "DumpFixtures"]),
    .testTarget(
      name: "MemoryEncryptionTests",
      dependencies: ["MemoryEncryption", "DumpMemory", "KernelModel", "CNettle", "DumpFixtures"]),
    .testTarget(
      name: "DiskdumpTests",
      dependencies: ["Diskdump", "DumpMemory", "KernelModel", "PageCompression", "DumpFixtures", "DumpJudge"]),
    .testTarget(
      name: "DumpPipelineTests",
      dependencies: [
        "DumpPipeline", "Diskdump", "Platform", "PageCompression", "DumpMemory", "KernelModel",
        "DumpFixtures", "DumpJudge",
      ]),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "vmsieve", "Platform", "PageCompression", "DumpMemory", "KernelModel", "DumpFixtures", "DumpJudge",
        "FaultInjector",
      ]),
    .testTarget(
      name: "RealVmcoreTests", dependencies: ["DumpMemory", "KernelModel", "DumpFixtures", "DumpJudge"]),
  ]
)
