extension TweakTable {
  /// The only constants that were ever published: address bits 4 to 31 of an EPYC 7251.
  ///
  /// Source: L. Wilke, J. Wichelmann, M. Morbitzer, T. Eisenbarth, "SEVurity: No Security Without Integrity",
  /// IEEE Symposium on Security and Privacy 2020, and its repository UzL-ITS/SEVurity. Each is four bytes,
  /// repeated to sixteen. Crash reports of an EPYC 7601 decode with them as well. Other processors differ, one
  /// changed two of its constants with a firmware update: this table is a check and a fallback.
  public static let published: TweakTable = {
    var table = TweakTable()
    for (index, word) in publishedWords.enumerated() {
      table[TweakTable.lowestBit + index] = Block(repeating: word.byteSwapped)
    }
    return table
  }()

  /// As the paper prints them, the first byte of memory first.
  private static let publishedWords: [UInt32] = [
    0x8225_3838, 0xec09_079c, 0x4000_0018, 0x8102_a23a, 0x77d9_1077, 0xb010_b2c0, 0x536d_544d, 0x1568_ee53,
    0xb092_30c2, 0x9670_ff8e, 0x361b_90d5, 0x0400_c236, 0xe818_2985, 0xbd31_f92a, 0xa50d_3744, 0xf431_d84c,
    0x0204_3181, 0xb371_32a1, 0x508a_c06c, 0x168a_8020, 0x7f9b_c007, 0x00db_0407, 0x7f00_0404, 0x70fa_01be,
    0xbb3d_2890, 0xbd2d_d526, 0x1c5d_6ce2, 0x4f5c_e727,
  ]
}
