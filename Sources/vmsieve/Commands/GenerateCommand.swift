internal import KernelModel
internal import Platform

/// Writes the VMCOREINFO of a vmlinux (`-g`), for `-i` at a time when the vmlinux is not at hand.
enum GenerateCommand {
  static func run(_ options: Options, _ messages: Messages) throws(CommandFailure) {
    guard let vmlinux = options.kernelFiles.vmlinux else {
      throw CommandFailure("-g needs a vmlinux: name it with -x")
    }
    let text: String
    do throws(KernelError) {
      let file = try VmlinuxFile(opening: vmlinux)
      text = try file.vmcoreinfo()
    } catch { throw CommandFailure("\(vmlinux): \(error)") }
    do throws(SystemError) {
      try TextFile.write(text, to: options.dumpFile)
    } catch { throw CommandFailure("\(error)") }
    messages.debug("\(text.split(separator: "\n").count) lines")
  }
}
