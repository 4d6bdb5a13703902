internal import KernelModel
internal import Platform

/// Writes the VMCOREINFO of a vmlinux (`-g`), for `-i` at a time when the vmlinux is not at hand.
enum GenerateCommand {
  static func run(_ request: GenerateRequest, _ messages: Messages) throws(CommandFailure) {
    let text: String
    do throws(KernelError) {
      let file = try VmlinuxFile(opening: request.vmlinux)
      text = try file.vmcoreinfo()
    } catch { throw CommandFailure("\(request.vmlinux): \(error)") }
    do throws(SystemError) {
      try TextFile.write(text, to: request.output)
    } catch { throw CommandFailure(error) }
    messages.debug("\(text.split(separator: "\n").count) lines")
  }
}
