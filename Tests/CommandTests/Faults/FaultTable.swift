/// How the runs of a matrix ended, as Markdown: a line for each command line, and one for each kind of call.
struct FaultTable {
  private struct Row {
    var kinds: [String] = []
    var endings: [String: Int] = [:]
    var breaches = 0

    var runs: Int { endings.values.reduce(0, +) }

    mutating func add(_ kind: String, ending: String, isBreach: Bool) {
      if !kinds.contains(kind) { kinds.append(kind) }
      endings[ending, default: 0] += 1
      if isBreach { breaches += 1 }
    }

    mutating func add(_ other: Row) {
      kinds += other.kinds.filter { !kinds.contains($0) }
      endings.merge(other.endings, uniquingKeysWith: +)
      breaches += other.breaches
    }

    func line(_ title: String, hasKinds: Bool) -> String {
      let killed = endings.filter { $0.key.hasPrefix("signal") }.values.reduce(0, +)
      let kinds = hasKinds ? [kinds.sorted().joined(separator: ", ")] : []
      let numbers =
        [runs] + ["exit 0", "exit 1", "exit 4"].map { endings[$0, default: 0] } + [killed, breaches]
      return "| " + (["`\(title)`"] + kinds + numbers.map(String.init)).joined(separator: " | ") + " |"
    }
  }

  private var byScenario: [String: Row] = [:]
  private var byCall: [String: Row] = [:]
  /// What broke a rule, each with its place.
  private(set) var breaches: [String] = []

  var runs: Int { byScenario.values.reduce(0) { $0 + $1.runs } }

  mutating func add(_ scenario: FaultScenario, _ fault: Fault, _ run: FaultedRun, breach: String?) {
    if let breach {
      breaches.append("\(scenario): \(fault): \(breach); \(run.ending), \(run.errors.suffix(400))")
    }
    byScenario[scenario.name, default: Row()].add(fault.name, ending: run.ending, isBreach: breach != nil)
    byCall[fault.call.description, default: Row()].add(
      fault.name, ending: run.ending, isBreach: breach != nil)
  }

  mutating func add(_ other: FaultTable) {
    for (name, row) in other.byScenario { byScenario[name, default: Row()].add(row) }
    for (name, row) in other.byCall { byCall[name, default: Row()].add(row) }
    breaches += other.breaches
  }

  var markdown: String {
    let numbers = "runs | exit 0 | exit 1 | exit 4 | ended by the signal | broke a rule |"
    let ruler = " --- | --- | --- | --- | --- | --- |"
    var lines = [
      "\(runs) runs, of which \(breaches.count) broke a rule.", "", "| command | \(numbers)",
      "| --- |\(ruler)",
    ]
    lines += byScenario.sorted { $0.key < $1.key }.map { $0.value.line($0.key, hasKinds: false) }
    lines += ["", "| call | what happened to it | \(numbers)", "| --- | --- |\(ruler)"]
    lines += byCall.sorted { $0.key < $1.key }.map { $0.value.line($0.key, hasKinds: true) }
    return lines.joined(separator: "\n") + "\n"
  }
}
