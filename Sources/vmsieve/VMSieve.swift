internal import CLinux

@main
enum VMSieve {
  static func main() {
    exit(Main.run(CommandLineArguments.ofProcess()).rawValue)
  }
}
