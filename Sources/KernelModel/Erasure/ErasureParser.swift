/// Takes an ``ErasureScript`` apart.
struct ErasureParser {

  struct Token {
    let text: String
    let line: Int
  }

  private let tokens: [Token]
  private var at = 0

  private static let keywords = ["erase", "for", "in", "endfor", "via", "within", "size", "nullify"]

  init(_ text: String) {
    var tokens: [Token] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let code = line.prefix { $0 != "#" }
      if code.hasPrefix("[") {
        tokens.append(Token(text: String(code), line: index + 1))
        continue
      }
      for word in code.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" }) {
        tokens.append(Token(text: String(word), line: index + 1))
      }
    }
    self.tokens = tokens
  }

  mutating func next() -> Token? {
    guard at < tokens.count else { return nil }
    at += 1
    return tokens[at - 1]
  }

  private mutating func take(_ keyword: String) -> Bool {
    guard at < tokens.count, tokens[at].text == keyword else { return false }
    at += 1
    return true
  }

  /// A word that is no keyword.
  private mutating func word(_ what: String, after last: Token) throws(KernelError) -> Token {
    guard let token = next() else { throw .syntax(line: last.line, "expected \(what)") }
    guard !Self.keywords.contains(token.text), !token.text.hasPrefix("[") else {
      throw .syntax(line: token.line, "expected \(what), and not \(token.text)")
    }
    return token
  }

  private func expression(_ token: Token) throws(KernelError) -> ErasureScript.Expression {
    let names = token.text.split(separator: ".", omittingEmptySubsequences: false).map { String($0) }
    guard names.allSatisfy({ !$0.isEmpty }) else {
      throw .syntax(line: token.line, "\(token.text) has a name without letters")
    }
    return ErasureScript.Expression(names: names, line: token.line)
  }

  /// `[NAME]`
  func module(_ token: Token) throws(KernelError) -> String {
    guard let end = token.text.firstIndex(of: "]") else {
      throw .syntax(line: token.line, "a section without ]")
    }
    let name = token.text[token.text.index(after: token.text.startIndex)..<end]
    guard !name.isEmpty else { throw .syntax(line: token.line, "a section without a name") }
    return String(name)
  }

  /// What follows `erase`.
  mutating func erase(_ keyword: Token, in variable: String?) throws(KernelError) -> ErasureScript.Erase {
    let target = try expression(try word("a symbol", after: keyword))
    if let variable, target.names[0] != variable {
      throw .syntax(
        line: target.line, "\(target.text) does not begin with \(variable), the loop's variable")
    }
    if take("nullify") { return ErasureScript.Erase(target: target, extent: .nullify) }
    guard take("size") else { return ErasureScript.Erase(target: target, extent: .automatic) }
    let size = try word("a size", after: keyword)
    guard let first = size.text.utf8.first, (0x30...0x39).contains(first) else {
      return ErasureScript.Erase(target: target, extent: .value(try expression(size)))
    }
    guard let bytes = Self.bytes(size.text) else {
      throw .syntax(line: size.line, "\(size.text) is no size: a number, perhaps with K or M")
    }
    return ErasureScript.Erase(target: target, extent: .bytes(bytes))
  }

  private static func bytes(_ text: String) -> UInt64? {
    var digits = text[...]
    var shift: UInt64 = 0
    switch text.last {
    case "K", "k": shift = 10
    case "M", "m": shift = 20
    default: break
    }
    if shift > 0 { digits = digits.dropLast() }
    let number = digits.hasPrefix("0x") ? UInt64(digits.dropFirst(2), radix: 16) : UInt64(digits)
    guard let number, number > 0, number <= UInt64.max >> 24 else { return nil }
    return number << shift
  }

  /// What follows `type`, up to the end of the line.
  mutating func type(_ keyword: Token) throws(KernelError) -> (symbol: String, type: DeclaredType) {
    let symbol = try word("a symbol", after: keyword)
    guard symbol.line == keyword.line, !symbol.text.contains(".") else {
      throw .syntax(line: keyword.line, "expected the symbol whose type follows")
    }
    var words: [String] = []
    while at < tokens.count, tokens[at].line == keyword.line {
      words.append(tokens[at].text)
      at += 1
    }
    let text = words.joined(separator: " ")
    guard let type = DeclaredType(text) else {
      throw .syntax(
        line: keyword.line,
        "\(text.isEmpty ? "nothing" : text) is no type: struct, union or enum NAME, a typedef or an integer,"
          + " then * or [N]")
    }
    return (symbol.text, type)
  }

  /// What follows `secrets`: a kind, or `file` and a path.
  mutating func secrets(_ keyword: Token, into request: inout SecretRequest) throws(KernelError) {
    let kind = try word("a kind of secrets", after: keyword)
    if kind.text == "file" {
      let path = try word("a path", after: kind)
      guard path.text.hasPrefix("/"), !path.text.hasSuffix("/") else {
        throw .syntax(
          line: path.line, "\(path.text) is no path of a file: it begins with / and ends with a name")
      }
      if !request.files.contains(path.text) { request.files.append(path.text) }
      return
    }
    guard let known = SecretKind(rawValue: kind.text) else {
      let names = SecretKind.allCases.map(\.rawValue).joined(separator: ", ")
      throw .syntax(line: kind.line, "\(kind.text) is no kind of secrets: \(names) or file")
    }
    request.kinds.insert(known)
  }

  /// What follows `for`, up to `endfor`.
  mutating func loop(_ keyword: Token) throws(KernelError) -> ErasureScript.Statement {
    let variable = try word("a variable", after: keyword)
    guard take("in") else { throw .syntax(line: variable.line, "expected in") }
    let start = try expression(try word("a list", after: variable))
    var list = ErasureScript.List.array(start)
    if take("via") {
      list = .chain(start, via: try word("a member", after: variable).text)
    } else if take("within") {
      let parts = try word("STRUCTURE:MEMBER", after: variable)
      let names = parts.text.split(separator: ":", omittingEmptySubsequences: false)
      guard names.count <= 2, names.allSatisfy({ !$0.isEmpty }) else {
        throw .syntax(line: parts.line, "expected STRUCTURE:MEMBER, and not \(parts.text)")
      }
      list = .list(start, structure: String(names[0]), member: names.count > 1 ? String(names[1]) : "list")
    }
    var erases: [ErasureScript.Erase] = []
    while let token = next() {
      if token.text == "endfor" { return .loop(variable: variable.text, list, erases) }
      guard token.text == "erase" else {
        throw .syntax(line: token.line, "expected erase or endfor, and not \(token.text)")
      }
      erases.append(try erase(token, in: variable.text))
    }
    throw .syntax(line: keyword.line, "this for has no endfor")
  }
}
