public import DumpMemory

/// Which kernel it was, on which machine, and when it crashed. What the vmcore does not tell is nil.
public struct KernelIdentity: Sendable {
  /// `init_uts_ns.name`; the release alone where that is not there.
  public let names: UtsName
  /// Seconds since 1970: CRASHTIME of VMCOREINFO, the dump's header, or the kernel's own clock.
  public let crashTime: Int64?
  /// Seconds since boot by the kernel's clock (`tk_core`, CLOCK_BOOTTIME).
  public let uptime: UInt64?
  /// What stands behind `Hardware name:` in the kernel's reports.
  public let hardware: String?
  /// `boot_cpu_data.x86_model_id`
  public let processorModel: String?
  /// `saved_command_line`
  public let commandLine: String?
  /// `tainted_mask`
  public let taint: Taint?
  /// The processor that stopped the others (`crashing_cpu`), or that panicked (`panic_cpu`).
  public let crashedProcessor: Int?

  /// What to ask ``Kernel`` for early.
  public static let symbols = [
    "tk_core", "dump_stack_arch_desc_str", "boot_cpu_data", "saved_command_line", "tainted_mask",
    "crashing_cpu",
    "panic_cpu",
  ]
  public static let wantedTypes = WantedTypes(structures: ["timekeeper", "tk_data", "cpuinfo_x86"])

  /// COMMAND_LINE_SIZE of x86, less what nobody wants to see.
  private static let longestCommandLine = 2048
  /// CONFIG_NR_CPUS of the largest kernels (CONFIG_MAXSMP).
  private static let mostProcessors = 8192

  public init(_ kernel: Kernel, in memory: inout KernelMemory) {
    let symbols = kernel.symbolsAtHand(Self.symbols)
    let types = try? kernel.types(Self.wantedTypes)
    names = UtsName(of: kernel.facts, &memory)
    let clock = types.flatMap { Self.clock(of: kernel, types: $0.btf, in: &memory) }
    let declared = kernel.info.string("CRASHTIME").flatMap { Int64($0) } ?? kernel.physical.origin?.crashTime
    crashTime = declared.flatMap { $0 > 0 ? $0 : nil } ?? clock?.time
    uptime = clock?.uptime
    func text(_ address: VirtualAddress?, atMost limit: Int) -> String? {
      guard let address, let text = try? memory.printableText(address, atMost: limit), !text.isEmpty else {
        return nil
      }
      return String(text.drop { $0 == " " })
    }
    hardware = text(symbols.address(of: "dump_stack_arch_desc_str"), atMost: 128)
    let model = types.flatMap { types in
      types.btf.offset("cpuinfo_x86", "x86_model_id").flatMap { offset in
        symbols.address(of: "boot_cpu_data").map { $0 + offset }
      }
    }
    processorModel = text(model, atMost: 64)
    let line = symbols.address(of: "saved_command_line").flatMap { try? memory.word($0) }
    commandLine = text(
      line.flatMap { $0 >> 63 == 1 ? VirtualAddress($0) : nil }, atMost: Self.longestCommandLine)
    taint = symbols.address(of: "tainted_mask").flatMap { try? memory.word($0) }.map { Taint(mask: $0) }
    var crashed: Int?
    for name in ["crashing_cpu", "panic_cpu"] where crashed == nil {
      // PANIC_CPU_INVALID is -1.
      if let variable = symbols.address(of: name), let word = try? memory.word32(variable),
        Int(word) < Self.mostProcessors
      {
        crashed = Int(word)
      }
    }
    crashedProcessor = crashed
  }

  /// The kernel's wall clock and its time since boot, in seconds.
  ///
  /// `tk_core` is a structure of a sequence counter and the timekeeper (`struct tk_data` since 6.13).
  private static func clock(
    of kernel: Kernel, types: borrowing BTF, in memory: inout KernelMemory
  ) -> (time: Int64, uptime: UInt64)? {
    guard let core = kernel.symbolsAtHand(symbols).address(of: "tk_core"),
      let wall = types.offset("timekeeper", "xtime_sec"),
      let monotonic = types.offset("timekeeper", "ktime_sec"),
      let boot = types.offset("timekeeper", "offs_boot")
    else { return nil }
    let keeper = core + (types.offset("tk_data", "timekeeper") ?? 8)
    guard let time = try? memory.word(keeper + wall), let seconds = try? memory.word(keeper + monotonic),
      let asleep = try? memory.word(keeper + boot)
    else { return nil }
    let uptime = seconds &+ asleep / 1_000_000_000
    // Neither before the first kernels that are read here nor after the year 2200: else it is another structure.
    guard (1_300_000_000..<7_258_118_400).contains(time), uptime < 1 << 32 else { return nil }
    return (Int64(time), uptime)
  }
}
