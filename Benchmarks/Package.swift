// swift-tools-version: 6.2
import PackageDescription

// A package of its own: whoever builds vmsieve does not build this. `make bench` runs it.
let package = Package(
  name: "vmsieve-benchmarks",
  targets: [
    .executableTarget(
      name: "vmsieve-benchmark",
      swiftSettings: [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")])
  ]
)
