/// What `--config` asks to erase: the statements of a file in makedumpfile.conf's syntax.
///
/// `erase SYMBOL[.MEMBER...] [size N[K|M] | size SYMBOL[.MEMBER...] | nullify]`, and the same inside of
/// `for VARIABLE in LIST ... endfor`. `type SYMBOL TYPE`, which makedumpfile does not know, says what nobody else does. A section `[MODULE]` says whose symbols the statements behind it name;
/// `[vmlinux]` is what a file begins with. `secrets KIND` and `secrets file PATH` ask for what no name leads to, in whatever section. `#` begins a comment; line ends mean no more than blanks.
public struct ErasureScript: Hashable, Sendable {
  /// `SYMBOL.MEMBER.MEMBER`
  public struct Expression: Hashable, Sendable {
    public let names: [String]
    public let line: Int

    /// As it stands in the file.
    public var text: String { names.joined(separator: ".") }
  }

  public enum Extent: Hashable, Sendable {
    /// What the type says; of a string, up to its end.
    case automatic
    case bytes(UInt64)
    /// As many bytes as an integer of the kernel's says.
    case value(Expression)
    /// The pointer itself becomes 0.
    case nullify
  }

  public struct Erase: Hashable, Sendable {
    public let target: Expression
    public let extent: Extent
  }

  public enum List: Hashable, Sendable {
    /// Elements of an array.
    case array(Expression)
    /// A chain of structures through a member that points to the next.
    case chain(Expression, via: String)
    /// Structures on a `struct list_head` through one of theirs.
    case list(Expression, structure: String, member: String)

    public var start: Expression {
      switch self {
      case .array(let start), .chain(let start, _), .list(let start, _, _): start
      }
    }
  }

  public enum Statement: Hashable, Sendable {
    case erase(Erase)
    case loop(variable: String, List, [Erase])
  }

  public struct Section: Hashable, Sendable {
    public let module: String
    public var statements: [Statement] = []
    /// What `type` statements say of symbols.
    public var types: [String: DeclaredType] = [:]

    var isEmpty: Bool { statements.isEmpty && types.isEmpty }
  }

  public private(set) var sections: [Section] = []
  /// What `secrets` statements ask for.
  public private(set) var secrets = SecretRequest()

  public static let kernel = "vmlinux"

  public init(_ text: String) throws(KernelError) {
    var parser = ErasureParser(text)
    var section = Section(module: Self.kernel)
    var declared: Set<[String]> = []
    while let token = parser.next() {
      switch token.text {
      case "erase": section.statements.append(.erase(try parser.erase(token, in: nil)))
      case "secrets": try parser.secrets(token, into: &secrets)
      case "for": section.statements.append(try parser.loop(token))
      case "type":
        let (symbol, type) = try parser.type(token)
        guard declared.insert([section.module, symbol]).inserted else {
          throw .syntax(line: token.line, "the type of \(symbol) was said before")
        }
        section.types[symbol] = type
      default:
        guard token.text.hasPrefix("[") else {
          throw .syntax(line: token.line, "expected erase, for, type or secrets, and not \(token.text)")
        }
        if !section.isEmpty { sections.append(section) }
        section = Section(module: try parser.module(token))
      }
    }
    if !section.isEmpty { sections.append(section) }
  }
}
