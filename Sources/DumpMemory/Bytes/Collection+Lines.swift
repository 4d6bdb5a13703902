extension Collection<Substring> {
  /// The lines that are not among others, as a text.
  public func text(without others: some Sequence<Substring>) -> String {
    let known = Set(others)
    return filter { !known.contains($0) }.reduce("") { "\($0)\($1)\n" }
  }
}
