/// Elf64_Shdr (elf(5)).
package enum ELFSectionHeader {
  package static let byteCount = 64

  package enum Layout {
    static var offset: Field<UInt64> { Field(24) }
    /// Of section 0 of a file with more program headers than `e_phnum` can count: how many they are (PN_XNUM).
    package static var info: Field<UInt32> { Field(44) }
  }
}
