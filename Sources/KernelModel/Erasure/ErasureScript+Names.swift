extension ErasureScript {
  /// The modules whose sections there are, the kernel left out, in their order.
  var modules: [String] {
    var names: [String] = []
    for section in sections where section.module != Self.kernel && !names.contains(section.module) {
      names.append(section.module)
    }
    return names
  }

  /// Symbols that the statements about a module name, each with the first line that does.
  func symbols(of module: String) -> [(name: String, line: Int)] {
    var names: [(name: String, line: Int)] = []
    var seen: Set<String> = []
    for section in sections where section.module == module {
      for statement in section.statements {
        for expression in statement.expressions {
          let name = expression.names[0]
          if name != statement.variable, seen.insert(name).inserted { names.append((name, expression.line)) }
        }
        // A list is looked up outside of its own loop.
        if let start = statement.start, seen.insert(start.names[0]).inserted {
          names.append((start.names[0], start.line))
        }
      }
    }
    return names
  }

  /// What `type` statements say of a module's symbols.
  func types(of module: String) -> [String: DeclaredType] {
    var types: [String: DeclaredType] = [:]
    for section in sections where section.module == module {
      types.merge(section.types) { first, _ in first }
    }
    return types
  }

  /// Types that the statements need, without those of variables.
  var wantedTypes: WantedTypes {
    var wanted = WantedTypes()
    for section in sections {
      for statement in section.statements {
        for expression in statement.expressions + [statement.start].compactMap({ $0 }) {
          wanted.followed.formUnion(expression.names.dropFirst())
        }
        switch statement {
        case .loop(_, .list(_, let structure, _), _): wanted.structures.insert(structure)
        case .loop(_, .chain(_, let member), _): wanted.followed.insert(member)
        default: break
        }
      }
      for type in section.types.values {
        switch type.base {
        case .structure(let name), .union(let name), .enumeration(let name): wanted.structures.insert(name)
        case .typedef(let name): wanted.typedefs.insert(name)
        case .integer, .void: break
        }
      }
    }
    return wanted
  }

  /// The place of each statement's object among all.
  var order: [Expression: Int] {
    var order: [Expression: Int] = [:]
    for section in sections {
      for erase in section.statements.flatMap({ $0.erases }) where order[erase.target] == nil {
        order[erase.target] = order.count
      }
    }
    return order
  }
}

extension ErasureScript.Statement {
  /// The loop's variable; nil of a statement that is no loop.
  var variable: String? {
    if case .loop(let variable, _, _) = self { variable } else { nil }
  }

  /// What a loop goes through.
  var start: ErasureScript.Expression? {
    if case .loop(_, let list, _) = self { list.start } else { nil }
  }

  var erases: [ErasureScript.Erase] {
    switch self {
    case .erase(let erase): [erase]
    case .loop(_, _, let erases): erases
    }
  }

  /// All that is named, but for ``start``.
  var expressions: [ErasureScript.Expression] {
    erases.flatMap { erase in
      if case .value(let size) = erase.extent { [erase.target, size] } else { [erase.target] }
    }
  }
}
