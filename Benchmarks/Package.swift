// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]

// A package of its own: whoever builds vmsieve does not build this. `make bench`, `make ratios` and `make micro` run it.
let package = Package(
  name: "vmsieve-benchmarks",
  dependencies: [.package(name: "vmsieve", path: "..", traits: ["Libdeflate"])],
  targets: [
    .executableTarget(name: "vmsieve-benchmark", swiftSettings: settings),
    .executableTarget(
      name: "vmsieve-micro", dependencies: [.product(name: "BenchmarkedParts", package: "vmsieve")],
      swiftSettings: settings + [.enableExperimentalFeature("Lifetimes")]),
  ]
)
