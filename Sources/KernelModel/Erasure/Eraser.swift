internal import DumpMemory
internal import Platform

/// Finds in the crashed kernel's memory what an ``ErasureScript`` names.
///
/// A name that the kernel does not have, or memory on the way that the dump lacks, ends it with an error: nothing is
/// left unerased without a word. A null pointer leads to nothing and is none.
public struct Eraser: ~Copyable {
  private var scope: ErasureScope
  private var memory: KernelMemory
  /// More bytes than the machine has cannot be erased.
  private let mostBytes: UInt64
  private var erased = ErasedMemory()
  /// What was erased, by statement; one in a loop erases many times.
  private var lines: [(statement: Int, line: String)] = []
  /// Where in the file each statement stands.
  private let statements: [ErasureScript.Expression: Int]
  private var recordedBytes = 0
  private var unrecorded = 0
  /// Sections that name a module which was not loaded.
  private var absentModules: [String] = []

  /// Elements of a list: more than this is a list that never ends.
  private static let mostElements = 4 << 20
  /// The same of this dump: each has a pointer at the least.
  private let mostLinks: Int
  private static let longestString = 1024
  private static let mostRecordedBytes = 1 << 20

  /// What is to be erased.
  public struct Result: Sendable {
    public let memory: ErasedMemory
    /// Lines of the dump's erase info.
    public let record: String
    /// Sections of modules that were not loaded: they are passed over.
    public let absentModules: [String]
  }

  /// - Parameter kernel: in memory as it saw it.
  public static func run(_ script: ErasureScript, _ kernel: Kernel) throws(KernelError) -> Result {
    var eraser = try Eraser(script, of: kernel)
    try eraser.run(script, ErasureScript.kernel)
    for module in script.modules {
      if try eraser.enter(module, script: script) { try eraser.run(script, module) }
    }
    return eraser.result()
  }

  private init(_ script: ErasureScript, of kernel: Kernel) throws(KernelError) {
    let memory = try kernel.reader()
    scope = try ErasureScope(script, of: kernel)
    self.memory = memory
    statements = script.order
    mostBytes = kernel.physical.frames.count << kernel.geometry.shift
    mostLinks = min(Self.mostElements, kernel.physical.most(ofBytes: 8))
  }

  private consuming func result() -> Result {
    var erased = erased
    erased.finish()
    // By statements, as makedumpfile writes them.
    let ordered = lines.indices.sorted { (lines[$0].statement, $0) < (lines[$1].statement, $1) }
    var record = ordered.map { lines[$0].line }.joined()
    if unrecorded > 0 { record += "erase \(unrecorded) further places\n" }
    return Result(memory: erased, record: record, absentModules: absentModules)
  }

  // MARK: - Statements

  /// Turns to what names mean in a module's sections; false if the module was not loaded.
  private mutating func enter(_ module: String, script: ErasureScript) throws(KernelError) -> Bool {
    guard let entered = try scope.scope(ofModule: module, script: script, in: &memory) else {
      absentModules.append(module)
      return false
    }
    scope = entered
    return true
  }

  private mutating func run(_ script: ErasureScript, _ module: String) throws(KernelError) {
    for section in script.sections where section.module == module {
      for statement in section.statements { try run(statement) }
    }
  }

  private mutating func run(_ statement: ErasureScript.Statement) throws(KernelError) {
    switch statement {
    case .erase(let erase): try self.erase(erase, element: nil)
    case .loop(_, .array(let start), let erases):
      guard let list = try find(start, nil) else { return }
      guard let count = list.arrayLength, count > 0 else {
        throw failure(start, what: "is no array of known length: via or within says how it goes on")
      }
      guard let size = scope.types.btf.byteCount(of: list.inner(at: 0)) else {
        throw failure(start, what: "has no known size")
      }
      for index in 0..<count {
        let element = list.inner(at: list.address &+ UInt64(index) &* size)
        for erase in erases { try self.erase(erase, element: element) }
      }
    case .loop(_, .chain(let start, let member), let erases):
      try runChain(start, member: member, erases: erases)
    case .loop(_, .list(let start, let structure, let member), let erases):
      try runList(start, name: structure, member: member, erases: erases)
    }
  }

  private mutating func runChain(
    _ start: ErasureScript.Expression, member: String, erases: [ErasureScript.Erase]
  ) throws(KernelError) {
    guard let found = try find(start, nil), var element = try pointee(of: found, start) else { return }
    guard element.layers.isEmpty, case .structure(let structure) = element.base else {
      throw failure(start, what: "is neither a structure nor a pointer to one")
    }
    guard let link = scope.types.btf.object(member, of: structure, at: 0), link.isPointer else {
      throw failure(start, what: "is of a structure without a pointer \(member)")
    }
    let first = element.address
    for _ in 0..<mostLinks {
      for erase in erases { try self.erase(erase, element: element) }
      let next = try word(element.address &+ link.address, start)
      if next == 0 || next == first { return }
      element.address = next
    }
    throw failure(start, what: "does not end after \(mostLinks) elements")
  }

  private mutating func runList(
    _ start: ErasureScript.Expression, name: String, member: String, erases: [ErasureScript.Erase]
  ) throws(KernelError) {
    guard let structure = scope.types.btf.named(name), structure.kind == BTFKind.structure else {
      throw failure(start, what: "is to hold structures \(name), which the kernel does not have")
    }
    guard let hook = scope.types.btf.object(member, of: structure, at: 0), isListHead(hook) else {
      throw failure(start, what: "is to hold structures \(name), which have no list_head \(member)")
    }
    // `HEAD.prev` goes backwards, `HEAD.next` is the same as `HEAD`.
    var head = start
    var link = "next"
    if let last = start.names.last, start.names.count > 1, last == "next" || last == "prev" {
      let parent = ErasureScript.Expression(names: Array(start.names.dropLast()), line: start.line)
      if let object = try find(parent, nil), isListHead(object) {
        head = parent
        link = last
      }
    }
    guard let found = try find(head, nil) else { return }
    guard let list = try pointee(of: found, head), isListHead(list),
      case .structure(let node) = list.base, let next = scope.types.btf.object(link, of: node, at: 0)
    else { throw failure(start, what: "is no list_head") }
    var at = try word(list.address &+ next.address, start)
    for _ in 0..<mostLinks {
      if at == list.address { return }
      guard at != 0 else { throw failure(start, what: "breaks off") }
      let element = KernelObject(address: at &- hook.address, layers: [], base: .structure(structure))
      for erase in erases { try self.erase(erase, element: element) }
      at = try word(at &+ next.address, start)
    }
    throw failure(start, what: "does not end after \(mostLinks) elements")
  }

  private func isListHead(_ object: KernelObject) -> Bool {
    guard case .structure(let type) = object.base, object.layers.isEmpty || object.layers == [.pointer] else {
      return false
    }
    return scope.types.btf.string(type.nameOffset, is: Array("list_head".utf8))
  }

  // MARK: - Erasing

  private mutating func erase(
    _ erase: ErasureScript.Erase, element: KernelObject?
  ) throws(KernelError) {
    let target = erase.target
    guard let object = try find(target, element) else { return }
    if case .nullify = erase.extent {
      var pointer = object
      if pointer.arrayLength != nil { pointer = pointer.inner(at: pointer.address) }
      guard pointer.isPointer else { throw failure(target, what: "is no pointer that could be nullified") }
      let count = UInt64(object.arrayLength ?? 1) * 8
      try add(object.address, count: count, filling: 0, target: target)
      record(target, "nullify")
      return
    }
    guard let data = try pointee(of: object, target) else { return }
    let size: UInt64
    switch erase.extent {
    case .bytes(let count): size = count
    case .value(let expression): size = try value(of: expression, target: target, element: element)
    case .automatic, .nullify: size = try ownSize(of: data, object: object, target: target)
    }
    if size == 0 { return }
    guard size <= mostBytes else { throw failure(target, what: "is said to have \(size) bytes") }
    try add(data.address, count: size, filling: ErasedMemory.letter, target: target)
    record(target, "size \(size)")
  }

  /// Bytes of what a statement names, or of the string that it points to.
  private mutating func ownSize(
    of data: KernelObject, object: KernelObject, target: ErasureScript.Expression
  ) throws(KernelError) -> UInt64 {
    if object.isPointer, data.layers.isEmpty, case .integer(_, isCharacter: true) = data.base {
      return try stringLength(data.address, target: target)
    }
    if let size = scope.types.btf.byteCount(of: data) { return size }
    throw failure(target, what: "is of no known size: say it with size, or nullify a pointer")
  }

  private mutating func stringLength(
    _ address: UInt64, target: ErasureScript.Expression
  ) throws(KernelError) -> UInt64 {
    for index in 0..<Self.longestString {
      if try byte(address &+ UInt64(index), expression: target) == 0 { return UInt64(index) }
    }
    return UInt64(Self.longestString)
  }

  /// An integer of the kernel's.
  private mutating func value(
    of expression: ErasureScript.Expression, target: ErasureScript.Expression, element: KernelObject?
  ) throws(KernelError) -> UInt64 {
    let isOfElement = element != nil && expression.names[0] == target.names[0]
    guard let object = try find(expression, isOfElement ? element : nil),
      let number = try pointee(of: object, expression)
    else { return 0 }
    guard number.layers.isEmpty, case .integer(let byteCount, _) = number.base, byteCount <= 8 else {
      throw failure(expression, what: "is no integer")
    }
    guard let word = try? memory.word(VirtualAddress(number.address)) else {
      throw failure(expression, what: "lies in memory that the vmcore lacks")
    }
    return byteCount == 8 ? word : word & (1 << UInt64(8 * byteCount) - 1)
  }

  private mutating func add(
    _ address: UInt64, count: UInt64, filling: UInt8, target: ErasureScript.Expression
  ) throws(KernelError) {
    let problem = erased.add(VirtualAddress(address), count: count, filling: filling, in: &memory)
    if let problem { throw failure(target, what: problem) }
  }

  private mutating func record(_ target: ErasureScript.Expression, _ what: String) {
    let line = "erase \(target.text) \(what)\n"
    guard recordedBytes + line.utf8.count <= Self.mostRecordedBytes else {
      unrecorded += 1
      return
    }
    recordedBytes += line.utf8.count
    lines.append((statements[target] ?? 0, line))
  }

  // MARK: - Expressions

  /// What an expression names.
  ///
  /// - Parameter element: what its first name stands for, inside of a loop.
  /// - Returns: nil where a pointer on the way is null.
  private mutating func find(
    _ expression: ErasureScript.Expression, _ element: KernelObject?
  ) throws(KernelError) -> KernelObject? {
    guard var object = element ?? scope.variables[expression.names[0]] else {
      throw failure(expression, what: "is unknown")
    }
    for name in expression.names.dropFirst() {
      guard let outer = try pointee(of: object, expression) else { return nil }
      if outer.arrayLength != nil {
        throw failure(expression, what: "asks for \(name) of an array: for goes through its elements")
      }
      guard outer.layers.isEmpty, case .structure(let structure) = outer.base else {
        throw failure(expression, what: "asks for \(name) of what is no structure")
      }
      guard let member = scope.types.btf.object(name, of: structure, at: outer.address) else {
        throw failure(expression, what: "asks for \(name), which is no member there")
      }
      object = member
    }
    return object
  }

  /// What a pointer points to, or the thing itself if it is none; nil for a null pointer.
  private mutating func pointee(
    of object: KernelObject, _ expression: ErasureScript.Expression
  ) throws(KernelError) -> KernelObject? {
    guard object.isPointer else { return object }
    let address = try word(object.address, expression)
    return address == 0 ? nil : object.inner(at: address)
  }

  private mutating func word(
    _ address: UInt64, _ expression: ErasureScript.Expression
  ) throws(KernelError) -> UInt64 {
    do throws(VmcoreError) { return try memory.word(VirtualAddress(address)) } catch {
      throw failure(expression, what: "cannot be followed: \(error)")
    }
  }

  private mutating func byte(
    _ address: UInt64, expression: ErasureScript.Expression
  ) throws(KernelError) -> UInt8 {
    do throws(VmcoreError) { return try memory.byte(VirtualAddress(address)) } catch {
      throw failure(expression, what: "cannot be followed: \(error)")
    }
  }

  private func failure(_ expression: ErasureScript.Expression, what: String) -> KernelError {
    .syntax(line: expression.line, "\(expression.text) \(what)")
  }
}
