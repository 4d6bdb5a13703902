internal import CLinux

@main
enum VMSieve {
  static func main() {
    exit(Collector.run(CommandLineArguments.ofProcess()).rawValue)
  }
}
