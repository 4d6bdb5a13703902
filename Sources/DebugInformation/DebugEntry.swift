internal import CElfutils

/// An entry of `.debug_info` (a DIE), for as long as its file is open.
@safe
struct DebugEntry: ~Escapable {
  private var die: Dwarf_Die
  let kind: Kind

  /// What the entries describe that are looked at.
  enum Kind {
    case structure, union, enumeration, typedef, base, array, pointer, subroutine, variable, enumerator
    case member, subrange
    /// `const`, `volatile` and the like.
    case qualifier
    case other
  }

  /// - Parameter die: as libdw gave it; what it points to belongs to the file.
  @_lifetime(immortal)
  init(_ die: Dwarf_Die) {
    var die = unsafe die
    kind =
      switch Int(unsafe dwarf_tag(&die)) {
      case DW_TAG_structure_type: .structure
      case DW_TAG_union_type: .union
      case DW_TAG_enumeration_type: .enumeration
      case DW_TAG_typedef: .typedef
      case DW_TAG_base_type: .base
      case DW_TAG_array_type: .array
      case DW_TAG_pointer_type: .pointer
      case DW_TAG_subroutine_type: .subroutine
      case DW_TAG_variable: .variable
      case DW_TAG_enumerator: .enumerator
      case DW_TAG_member: .member
      case DW_TAG_subrange_type: .subrange
      case DW_TAG_const_type, DW_TAG_volatile_type, DW_TAG_restrict_type, DW_TAG_atomic_type: .qualifier
      default: .other
      }
    unsafe self.die = die
  }

  // MARK: - Other entries

  /// From the beginning of `.debug_info`.
  var offset: UInt64 {
    var die = unsafe die
    return unsafe dwarf_dieoffset(&die)
  }

  /// Calls with each of the entries that belong to this one, as long as the answer is yes; no further where damage leads
  /// backwards.
  func forEachChild<Failure>(
    _ goesOn: (borrowing DebugEntry) throws(Failure) -> Bool
  ) throws(Failure) {
    var die = unsafe die
    var child = unsafe Dwarf_Die()
    guard unsafe dwarf_child(&die, &child) == 0 else { return }
    while unsafe try goesOn(DebugEntry(child)) {
      var sibling = unsafe Dwarf_Die()
      guard unsafe dwarf_siblingof(&child, &sibling) == 0,
        unsafe dwarf_dieoffset(&sibling) > dwarf_dieoffset(&child)
      else { return }
      unsafe child = sibling
    }
  }

  /// The type of a variable, member, pointer, array or typedef; nil is void.
  var type: DebugEntry? {
    @_lifetime(copy self)
    get {
      var attribute = unsafe Dwarf_Attribute()
      var type = unsafe Dwarf_Die()
      guard unsafe find(DW_AT_type, &attribute), unsafe dwarf_formref_die(&attribute, &type) != nil else {
        return nil
      }
      return unsafe _overrideLifetime(DebugEntry(type), copying: self)
    }
  }

  // MARK: - Attributes

  var name: String? {
    var die = unsafe die
    guard let name = unsafe dwarf_diename(&die) else { return nil }
    return unsafe String(cString: name)
  }

  /// Whether the type is only named here, and described elsewhere.
  var isDeclaration: Bool {
    var die = unsafe die
    return unsafe dwarf_hasattr(&die, UInt32(DW_AT_declaration)) != 0
  }

  var byteSize: UInt64? { number(DW_AT_byte_size) }
  /// Bits of a bit-field.
  var bitSize: UInt64? { number(DW_AT_bit_size) }
  /// DW_ATE_*, of a base type.
  var encoding: UInt64? { number(DW_AT_encoding) }

  /// Elements of an array's dimension; 0 where it does not say.
  var elementCount: UInt64 { number(DW_AT_count) ?? number(DW_AT_upper_bound).map { $0 &+ 1 } ?? 0 }

  /// The value of an enumerator.
  var constant: Int64? {
    var attribute = unsafe Dwarf_Attribute()
    guard unsafe find(DW_AT_const_value, &attribute) else { return nil }
    // The fixed sizes have no sign of their own: compilers write negative values as sdata.
    var signed: Dwarf_Sword = 0
    var unsigned: Dwarf_Word = 0
    switch Int(unsafe dwarf_whatform(&attribute)) {
    case DW_FORM_sdata, DW_FORM_implicit_const:
      return unsafe dwarf_formsdata(&attribute, &signed) == 0 ? signed : nil
    default:
      return unsafe dwarf_formudata(&attribute, &unsigned) == 0 ? Int64(bitPattern: unsigned) : nil
    }
  }

  /// Bits from the beginning of a structure to this member.
  var bitOffset: UInt64? {
    if let bits = number(DW_AT_data_bit_offset) { return bits }
    guard let start = memberLocation, start < 1 << 32 else { return nil }
    // Before DWARF 4 bit-fields are counted from the most significant bit of their storage.
    guard let above = number(DW_AT_bit_offset), let width = bitSize else { return start * 8 }
    guard let storage = byteSize ?? type?.storage, storage <= 8, above <= 64, width <= 64,
      storage * 8 >= above + width
    else { return nil }
    return start * 8 + storage * 8 - above - width
  }

  /// Bytes of an integer behind its typedefs.
  private var storage: UInt64? {
    var die = unsafe die
    var peeled = unsafe Dwarf_Die()
    guard unsafe dwarf_peel_type(&die, &peeled) == 0 else { return nil }
    return unsafe DebugEntry(peeled).byteSize
  }

  /// DW_AT_data_member_location; members of unions have none.
  private var memberLocation: UInt64? {
    var attribute = unsafe Dwarf_Attribute()
    guard unsafe find(DW_AT_data_member_location, &attribute) else { return 0 }
    var value: Dwarf_Word = 0
    if unsafe dwarf_formudata(&attribute, &value) == 0 { return value }
    // Before DWARF 3 it is an expression.
    var operations: UnsafeMutablePointer<Dwarf_Op>?
    var count = 0
    guard unsafe dwarf_getlocation(&attribute, &operations, &count) == 0, count == 1,
      let operation = unsafe operations, Int(unsafe operation.pointee.atom) == DW_OP_plus_uconst
    else { return nil }
    return unsafe operation.pointee.number
  }

  /// Where a variable lies, if its location is an address: DW_OP_addr, or DW_OP_addrx (clang, DWARF 5), and its
  /// operand.
  ///
  /// libdw keeps each location that it takes apart until the file is closed, so only the second kind is left to it.
  var address: UInt64? {
    var attribute = unsafe Dwarf_Attribute()
    var block = unsafe Dwarf_Block()
    guard unsafe find(DW_AT_location, &attribute), unsafe dwarf_formblock(&attribute, &block) == 0 else {
      return nil
    }
    let expression = unsafe RawSpan(_unsafeStart: block.data, byteCount: Int(block.length))
    if expression.isEmpty { return nil }
    switch Int(unsafe expression.unsafeLoad(fromByteOffset: 0, as: UInt8.self)) {
    case DW_OP_addr where expression.byteCount == 9:
      return UInt64(
        littleEndian: unsafe expression.unsafeLoadUnaligned(fromByteOffset: 1, as: UInt64.self))
    case DW_OP_addrx:
      var operations: UnsafeMutablePointer<Dwarf_Op>?
      var count = 0
      var entry = unsafe Dwarf_Attribute()
      var address: Dwarf_Addr = 0
      guard unsafe dwarf_getlocation(&attribute, &operations, &count) == 0, count == 1,
        let operation = unsafe operations,
        unsafe dwarf_getlocation_attr(&attribute, operation, &entry) == 0,
        unsafe dwarf_formaddr(&entry, &address) == 0
      else { return nil }
      return address
    default: return nil
    }
  }

  private func number(_ name: Int) -> UInt64? {
    var attribute = unsafe Dwarf_Attribute()
    var value: Dwarf_Word = 0
    guard unsafe find(name, &attribute), unsafe dwarf_formudata(&attribute, &value) == 0 else { return nil }
    return value
  }

  /// Finds an attribute, of a variable also where it was declared.
  private func find(_ name: Int, _ attribute: inout Dwarf_Attribute) -> Bool {
    var die = unsafe die
    return unsafe dwarf_attr_integrate(&die, UInt32(name), &attribute) != nil
  }
}
