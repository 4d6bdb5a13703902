extension String {
  /// Text out of a dump as a terminal may show it: what is no printable ASCII is written as `\xNN`, as printk's readers do.
  public init(printable bytes: some Sequence<UInt8>) {
    var text: [UInt8] = []
    for byte in bytes {
      if (0x20...0x7e).contains(byte) {
        text.append(byte)
      } else {
        let digits = String(byte, radix: 16)
        text += Array(("\\x" + (digits.utf8.count < 2 ? "0" : "") + digits).utf8)
      }
    }
    self.init(decoding: text, as: UTF8.self)
  }

  /// The same text as a terminal may show it.
  public var printable: String { String(printable: utf8) }
}
