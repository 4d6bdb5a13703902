import DumpMemory
import Testing

@testable import FuzzTargets
@testable import KernelModel

/// What is fuzzed must be reached before it can fail.
@Suite("The kernels that inputs change have what the targets look for")
struct FixtureTests {
  private func kernel(_ fixture: PatchedKernel) throws -> Kernel {
    var none = InputBytes([])
    return try #require(fixture.patched(by: &none))
  }

  @Test("A crash: three tasks, a module, and stacks that end where they should")
  func crash() throws {
    let kernel = try kernel(CrashTarget.kernel())
    var memory = try kernel.memory()
    let tasks = try TaskList(kernel, in: &memory)
    // The first is the idle task.
    #expect(tasks.tasks.map(\.name) == ["task 1", "task 2", "task 3"] && tasks.problem == nil)
    let modules = try ModuleList(kernel, in: &memory)
    #expect(modules.modules.map(\.name) == ["mymodule"] && modules.problem == nil)
    let unwinder = Unwinder(kernel, modules: modules, in: &memory)
    let processors = try ProcessorState.all(kernel, in: &memory).processors
    #expect(processors.map(\.source) == [.kernel, .kernel])
    #expect(processors.allSatisfy { $0.task?.name == "task 0" && $0.stacks.count > 1 })
    var traces = processors.compactMap(\.registers).map { unwinder.trace($0, in: &memory) }
    traces += tasks.tasks.map { unwinder.trace($0, of: kernel, in: &memory) }
    for trace in traces { #expect(trace.frames.count > 2, "\(trace)") }
    let symbolizer = Symbolizer(traces, of: kernel, modules: modules, in: &memory)
    #expect(traces.flatMap(\.frames).contains { symbolizer.symbol(of: $0)?.name == "second" })
    let counters = try MemoryCounters(kernel, in: &memory)
    #expect(counters["free"] == 1000 && counters["file"] == 200)
    #expect(KernelIdentity(kernel, in: &memory).crashedProcessor == 1)
  }

  @Test("Secrets of every kind", arguments: [0, 1])
  func secrets(of fixture: Int) throws {
    let kernel = try kernel([SecretsTarget.structures, SecretsTarget.objects][fixture]())
    let all = try #require(SecretsTarget.scripts[fixture].last)
    let counts = try SecretSearch.run(all.secrets, kernel).counts
    #expect(counts.allSatisfy { $0.count > 0 }, "\(counts.map(\.text))")
    #expect(counts.count == [6, 5][fixture])
  }
}
