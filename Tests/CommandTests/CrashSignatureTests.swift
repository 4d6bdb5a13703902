import KernelModel
import Testing

@testable import vmsieve

@Suite("A crash's signature is that of its defect")
struct CrashSignatureTests {
  /// Frames as `inspect` prints them: a name, perhaps `[module]`, perhaps `!` for what was interrupted.
  private func signature(_ kind: CrashCause.Kind, _ stack: String?) -> CrashSignature? {
    CrashSignature(
      kind,
      frames: stack?.split(separator: ",").map { text in
        let words = text.split(separator: " ").map(String.init)
        return CrashSignature.Frame(
          name: words[0], module: words.first { $0.hasPrefix("[") }.map { String($0.dropFirst().dropLast()) },
          isInterrupted: words.contains("!"))
      })
  }

  @Test("What the compiler appends is not in it, nor what a program came in by")
  func names() {
    let one = signature(
      .nullPointer,
      "strike.constprop.0 [m] !, expire.isra.0 [m], vfs_write, do_syscall_64, entry_SYSCALL_64_after_hwframe")
    let other = signature(
      .nullPointer, "strike [m] !, expire.part.0.cold [m], vfs_write, __x64_sys_write, x64_sys_call")
    #expect(one?.text == "null pointer in strike [m] < expire [m] < vfs_write" && one == other)
    #expect(one?.hash == other?.hash && one?.hash.count == 16)
    #expect(signature(.nullPointer, "strike !, expire, vfs_write")?.hash != one?.hash)
    #expect(signature(.pageFault, "strike [m] !, expire [m], vfs_write")?.hash != one?.hash)
  }

  @Test("What reports a crash is not in it, wherever the stack begins")
  func reporting() {
    let direct = signature(
      .nullPointer, "lab_write !, lab_crash, param_attr_store, ksys_write, do_syscall_64")
    for head in [
      "panic, oops_end, page_fault_oops, exc_page_fault, asm_exc_page_fault",
      "__crash_kexec, panic, oops_end.cold, no_context, __bad_area_nosemaphore, exc_page_fault, asm_exc_page_fault",
    ] {
      #expect(
        signature(
          .nullPointer, head + ", lab_write !, lab_crash, param_attr_store, ksys_write, do_syscall_64")
          == direct, "\(head)")
    }
    #expect(
      signature(
        .warning,
        "panic, __warn, report_bug, handle_bug, exc_invalid_op, asm_exc_invalid_op, f !, g, do_syscall_64")?
        .text == "warning in f < g")
    #expect(
      signature(.sysrq, "panic, sysrq_handle_crash, __handle_sysrq, write_sysrq_trigger, entry_SYSCALL_64")?
        .text == "sysrq in sysrq_handle_crash < __handle_sysrq < write_sysrq_trigger")
  }

  @Test("A lockup is where the processor was, and a hang where the task waits")
  func waiting() {
    #expect(
      signature(
        .softLockup,
        "panic, watchdog_timer_fn, __hrtimer_run_queues, hrtimer_interrupt, sysvec_apic_timer_interrupt, asm_sysvec_apic_timer_interrupt, lab_spin !, lab_crash, do_syscall_64"
      )?.text == "soft lockup in lab_spin < lab_crash")
    #expect(
      signature(
        .hungTask,
        "__schedule, schedule, schedule_preempt_disabled, __mutex_lock.constprop.0, lab_lock, lab_thread, kthread, ret_from_fork_asm"
      )?
      .text == "hung task in lab_lock < lab_thread < kthread")
  }

  @Test("Who freed, linked or copied counts, and not what did it for him")
  func helpers() {
    let one = signature(.bug, "kfree !, lab_free, lab_crash, vfs_write, do_syscall_64")
    #expect(one?.text == "BUG in lab_free < lab_crash < vfs_write")
    #expect(signature(.bug, "__slab_free !, __kmem_cache_free, lab_free, lab_crash, vfs_write") == one)
    #expect(signature(.bug, "__list_del_entry_valid_or_report.cold !, lab_free, lab_crash, vfs_write") == one)
    #expect(
      signature(.pageFault, "memcpy_orig !, f")?.text == signature(.pageFault, "memcpy_erms !, f")?.text)
    // Nobody else is there.
    #expect(signature(.pageFault, "kfree !, ret_from_fork_asm")?.text == "page fault in kfree")
  }

  @Test("A recursion counts once, and four functions are enough")
  func recursion() {
    #expect(
      signature(.stackOverflow, "f !, f, f, f, f, g, h, i, j")?.text == "stack overflow in f < g < h < i")
  }

  @Test("What strikes whoever comes along has no place; what is not known has no signature")
  func unknown() {
    #expect(
      signature(.outOfMemory, "panic, out_of_memory, __alloc_pages, vfs_read") == signature(.outOfMemory, nil)
    )
    #expect(signature(.outOfMemory, nil)?.text == "out of memory")
    #expect(signature(.unknown, "f, g") == nil && signature(.bug, nil) == nil && signature(.bug, "") == nil)
  }
}
