import Platform
import Testing

@Suite("Threads")
struct ThreadTests {
  /// A number that only one thread at a time changes.
  private final class Counter: @unchecked Sendable {
    let monitor = Monitor()
    let changed = Condition()
    var value = 0
  }

  @Test("A joined thread has done its work")
  func join() throws {
    let counter = Counter()
    let thread = try Thread { counter.value = 7 }
    thread.join()
    #expect(counter.value == 7)
  }

  @Test("A monitor lets one thread in at a time", arguments: [2, 8])
  func exclusion(threads: Int) throws {
    let counter = Counter()
    try withThreads(threads) { _ in
      for _ in 0..<10_000 { counter.monitor.locked { counter.value += 1 } }
    }
    #expect(counter.value == threads * 10_000)
  }

  @Test("Waiting threads see every change, whoever makes it")
  func handOver() throws {
    // Each thread waits for its own turn: a lost signal would hang here.
    let counter = Counter()
    try withThreads(4) { index in
      for round in 0..<500 {
        counter.monitor.locked {
          while counter.value != round * 4 + index { counter.monitor.wait(for: counter.changed) }
          counter.value += 1
          counter.changed.signalAll()
        }
      }
    }
    #expect(counter.value == 2000)
  }

  @Test("One signal for each thing is enough for all threads that wait for one")
  func oneSignalEach() throws {
    // A lost signal would hang here.
    let given = Counter()
    let taken = Counter()
    let giver = try Thread {
      for _ in 0..<4000 {
        given.monitor.locked {
          given.value += 1
          given.changed.signal()
        }
      }
    }
    try withThreads(8) { _ in
      for _ in 0..<500 {
        given.monitor.locked {
          while given.value == 0 { given.monitor.wait(for: given.changed) }
          given.value -= 1
        }
        taken.monitor.locked { taken.value += 1 }
      }
    }
    giver.join()
    #expect(given.value == 0 && taken.value == 4000)
  }

  private struct Refused: Error {}

  private func refuse(_ monitor: Monitor) throws(Refused) {
    try monitor.locked { () throws(Refused) -> Void in throw Refused() }
  }

  @Test("A monitor hands results and errors through, and is free afterwards")
  func results() {
    let monitor = Monitor()
    let result = monitor.locked { 42 }
    #expect(result == 42)
    #expect(throws: Refused.self) { try refuse(monitor) }
    let isFree = monitor.locked { true }
    #expect(isFree)
  }

  @Test("A worker's stack is large enough to compress on, and a thousand threads can come and go")
  func manyThreads() throws {
    let counter = Counter()
    for _ in 0..<1000 {
      let thread = try Thread {
        withUnsafeTemporaryAllocation(byteCount: 128 << 10, alignment: 64) { memory in
          memory.initializeMemory(as: UInt8.self, repeating: 1)
          counter.value += Int(memory[memory.count - 1])
        }
      }
      thread.join()
    }
    #expect(counter.value == 1000)
  }

  @Test("What a thread keeps is let go when it has ended")
  func release() throws {
    final class Token: Sendable {
      let counter: Counter
      init(_ counter: Counter) { self.counter = counter }
      deinit { counter.value += 1 }
    }
    let counter = Counter()
    func run() throws {
      let token = Token(counter)
      let thread = try Thread { _ = token.counter }
      thread.join()
    }
    try run()
    #expect(counter.value == 1)
  }

  /// Runs a body on several threads and waits for all.
  private func withThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) throws {
    // An array holds no ~Copyable values yet.
    guard count > 0 else { return }
    let thread = try Thread { body(count - 1) }
    try withThreads(count - 1, body)
    thread.join()
  }

  @Test("The clock goes forward")
  func clock() {
    let before = MonotonicClock.microseconds()
    var after = before
    while after == before { after = MonotonicClock.microseconds() }
    #expect(after > before)
  }
}
