/// The VMCOREINFO of a vmlinux as text (`-g`).
struct GenerateRequest: Equatable {
  var vmlinux: String
  var output: String
}
