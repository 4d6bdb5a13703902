/// A word that, as the first operand, names another task than creating a dump.
enum Verb: String, CaseIterable, Equatable {
  case repair
  case inspect
  case verify
  case bench
}
