// swift-tools-version: 6.2
import PackageDescription

// A package of its own, as the benchmarks are: whoever builds vmsieve does not build this. `make fuzz` runs it, and names the
// toolchain's libFuzzer to the linker.
let package = Package(
  name: "vmsieve-fuzzing",
  dependencies: [.package(name: "vmsieve", path: "..", traits: [.defaults, "Fuzzing"])],
  targets: [
    .systemLibrary(name: "CLibFuzzer"),
    .executableTarget(
      name: "vmsieve-fuzz",
      dependencies: ["CLibFuzzer", .product(name: "FuzzTargets", package: "vmsieve")],
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]),
  ]
)
