internal import DumpMemory
internal import KernelModel

/// What two crashes of the same defect have in common, on other boots, machines and builds of the kernel: why it crashed, the
/// function in which it did, and who called it. No address, offset or suffix of the compiler is in it.
struct CrashSignature: Equatable {
  /// A function of a stack, the innermost first.
  struct Frame: Equatable {
    let name: String
    let module: String?
    /// Whether it was interrupted, by a fault or from outside, and did not call.
    let isInterrupted: Bool
  }

  let kind: CrashCause.Kind
  /// `function` or `function [module]`, the innermost first; empty where the place is chance.
  let functions: [String]

  /// Functions that a signature has at most: callers farther out differ between users of the same defect.
  private static let depth = 4

  /// - Parameters:
  ///   - frames: the stack of the processor that crashed, of a hung task's own; nil where it is not known.
  /// - Returns: nil where it is not known why or where the kernel crashed.
  init?(_ kind: CrashCause.Kind, frames: [Frame]?) {
    if kind == .unknown { return nil }
    self.kind = kind
    if Self.isAnywhere(kind) {
      functions = []
      return
    }
    guard let frames else { return nil }
    functions = Self.functions(kind, frames)
    if functions.isEmpty { return nil }
  }

  /// One line that people read and compare.
  var text: String {
    functions.isEmpty ? kind.rawValue : "\(kind.rawValue) in " + functions.joined(separator: " < ")
  }

  /// The first 64 bits of the SHA-256 of ``text``, in hexadecimal.
  var hash: String {
    var digest = SHA256()
    let bytes = Array(text.utf8)
    unsafe digest.update(bytes.span.bytes)
    var output: [UInt8] = []
    digest.finish(appendingTo: &output)
    return output.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Whether a crash of a kind strikes whoever comes along.
  private static func isAnywhere(_ kind: CrashCause.Kind) -> Bool {
    switch kind {
    case .outOfMemory, .machineCheck, .noRootFilesystem, .initKilled: true
    default: false
    }
  }

  /// Whether a kind is found out by an interrupt, so that what matters is what it interrupted.
  private static func isFoundFromOutside(_ kind: CrashCause.Kind) -> Bool {
    switch kind {
    case .softLockup, .hardLockup, .rcuStall, .nmi: true
    default: false
    }
  }

  private static func functions(_ kind: CrashCause.Kind, _ frames: [Frame]) -> [String] {
    var rest = frames[...]
    // Behind what reports the crash: the instruction that it reports of, if the stack shows it.
    if let first = rest.first, isReporting(plain(first.name)) || isFoundFromOutside(kind),
      let struck = rest.dropFirst().firstIndex(where: { $0.isInterrupted })
    {
      let between = rest[..<struck]
      if isFoundFromOutside(kind) || between.allSatisfy({ isReporting(plain($0.name)) }) {
        rest = rest[struck...]
      }
    }
    rest = rest.drop { isReporting(plain($0.name)) || (kind == .hungTask && isWaiting(plain($0.name))) }
    // The processor chooses which of the copying functions there is, the configuration what a check is in: who called counts.
    let callers = rest.drop { isHelper(plain($0.name)) }
    if let first = callers.first, !isEntry(plain(first.name)) { rest = callers }
    var functions: [String] = []
    for frame in rest where functions.count < depth {
      let name = plain(frame.name)
      if isEntry(name) {
        // What a program or an interrupt came in by is no caller, and what was interrupted has nothing to do with it.
        break
      }
      let function = name + (frame.module.map { " [\($0)]" } ?? "")
      // A recursion is as deep as the stack was large.
      if functions.last != function { functions.append(function) }
    }
    return functions
  }

  /// A function's name as it is in the source: `.isra.0`, `.constprop.0`, `.cold` and the like are the compiler's.
  static func plain(_ name: String) -> String {
    String(name.prefix { $0 != "." })
  }

  /// What runs when the kernel has found that something is wrong.
  private static func isReporting(_ name: String) -> Bool {
    reporting.contains(name) || reportingPrefixes.contains { name.hasPrefix($0) }
  }

  private static let reporting: Set<String> = [
    "panic", "vpanic", "nmi_panic", "check_panic_on_warn", "oops_end", "oops_exit", "die", "__die",
    "die_addr",
    "__die_body", "no_context", "page_fault_oops", "kernelmode_fixup_or_oops", "bad_area_nosemaphore",
    "bad_area",
    "do_kern_addr_fault", "do_user_addr_fault", "handle_page_fault", "do_trap", "do_error_trap", "fixup_bug",
    "handle_bug", "report_bug", "__report_bug", "mce_panic", "do_machine_check", "rewind_stack_and_make_dead",
    "rewind_stack_do_exit", "make_task_dead", "do_exit", "crash_setup_regs", "__stack_chk_fail",
    "watchdog_timer_fn", "watchdog_overflow_callback", "watchdog_hardlockup_check", "__perf_event_overflow",
    "perf_event_overflow", "handle_pmi_common", "intel_pmu_handle_irq", "perf_event_nmi_handler",
    "nmi_handle",
    "default_do_nmi", "unknown_nmi_error", "error_entry", "end_repeat_nmi", "repeat_nmi", "paranoid_entry",
    "df_debug", "native_machine_crash_shutdown", "machine_crash_shutdown", "handle_stack_overflow",
  ]
  private static let reportingPrefixes = [
    "__warn", "warn_slowpath", "crash_kexec", "__crash_kexec", "machine_kexec", "exc_", "asm_exc_", "do_nmi",
    "__bad_area", "rcu_panic", "panic_on_rcu", "print_cpu_stall", "rcu_check_gp", "check_cpu_stall",
    "rcu_pending",
    "rcu_sched_clock_irq",
  ]

  /// What a task sleeps in, whatever it waits for.
  private static func isWaiting(_ name: String) -> Bool {
    waitingPrefixes.contains { name.hasPrefix($0) }
  }

  private static let waitingPrefixes = [
    "__schedule", "schedule", "io_schedule", "__wait_for_common", "wait_for_completion", "wait_for_common",
    "__mutex_lock", "mutex_lock", "rwsem_down", "down", "__down", "bit_wait", "__wait_on_bit",
    "out_of_line_wait",
    "wait_on_bit", "__wait_on_buffer", "folio_wait", "wait_on_page", "percpu_rwsem_wait", "__percpu_down",
    "rt_mutex", "do_raw", "context_switch",
  ]

  /// What only does as it is told, with what is wrong already.
  private static func isHelper(_ name: String) -> Bool {
    helpers.contains(name) || helperPrefixes.contains { name.hasPrefix($0) }
  }

  private static let helpers: Set<String> = [
    "kfree", "__kmem_cache_free", "kmem_cache_free", "__slab_free", "___cache_free", "slab_free", "kvfree",
    "vfree",
    "set_freepointer", "free_to_partial_list", "kmalloc_trace", "__kmalloc", "___slab_alloc", "__slab_alloc",
    "strlen", "strnlen", "strcmp", "strncmp", "strcpy", "strscpy", "rep_movs_alternative",
    "rep_stos_alternative",
    "refcount_warn_saturate", "__fortify_panic", "fortify_panic", "usercopy_abort", "__check_object_size",
    "__check_heap_object", "check_heap_object",
  ]
  private static let helperPrefixes = [
    "__list_add_valid", "__list_del_entry_valid", "memcpy", "__memcpy", "memmove", "__memmove", "memset",
    "__memset",
    "copy_user", "copy_page", "clear_page", "clear_user", "rep_movs", "kmem_cache_alloc",
    "__kmem_cache_alloc",
    "__kmalloc_", "kmalloc_",
  ]

  private static func isEntry(_ name: String) -> Bool {
    entryPrefixes.contains { name.hasPrefix($0) }
  }

  private static let entryPrefixes = [
    "entry_SYSCALL", "do_syscall_64", "x64_sys_call", "__x64_sys_", "__se_sys_", "__do_sys_", "ia32_sys_call",
    "__ia32_sys_", "do_int80", "__do_fast_syscall", "asm_", "ret_from_fork", "secondary_startup_64",
    "common_startup_64",
  ]
}
