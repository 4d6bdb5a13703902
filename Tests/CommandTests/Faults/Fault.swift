import FaultInjector
import Glibc

/// Something that happens to a system call of a program that runs.
struct Fault: CustomStringConvertible, Sendable {
  enum Effect: Equatable, Sendable {
    /// The call is not made, and says why: a number of errno, and its name.
    case error(Int32, String)
    /// The call is made for this many bytes at most.
    case short(Int)
    /// The process gets a signal first.
    case signal(Int32, String)
    /// The call is made so many milliseconds later.
    case delay(Int)
  }

  enum Call: Hashable, Sendable, CustomStringConvertible {
    case named(String)
    /// Messages on stderr, which `write` does not mean.
    case message
    case any

    var number: Int32 {
      switch self {
      case .named(let name): fault_call_number(name)
      case .message: Int32(FAULT_MESSAGE)
      case .any: Int32(FAULT_ANY_CALL)
      }
    }

    var description: String {
      switch self {
      case .named(let name): name
      case .message: "write (stderr)"
      case .any: "any call"
      }
    }
  }

  var call: Call
  var effect: Effect
  /// Of these calls, counted from 1 in all threads together, those that it happens to.
  var positions: ClosedRange<UInt>

  private var isLasting: Bool { positions.lowerBound < positions.upperBound }

  /// What the table calls its column.
  var name: String {
    let suffix = isLasting ? " for good" : ""
    return switch effect {
    case .error(_, let name): name + suffix
    case .short: "short" + suffix
    case .signal(_, let name): name
    case .delay: "late" + suffix
    }
  }

  var description: String {
    let place = isLasting ? "\(positions.lowerBound)+" : "\(positions.lowerBound)"
    let detail = if case .short(let bytes) = effect { " of \(bytes) bytes" } else { "" }
    return "\(call) \(place): \(name)\(detail)"
  }

  /// As the injector takes it.
  var plan: fault_plan {
    let (action, value): (Int, Int) =
      switch effect {
      case .error(let number, _): (FAULT_ERROR, Int(number))
      case .short(let bytes): (FAULT_SHORT, bytes)
      case .signal(let number, _): (FAULT_SIGNAL, Int(number))
      case .delay(let milliseconds): (FAULT_DELAY, milliseconds)
      }
    return fault_plan(
      call: call.number, action: Int32(action), value: value, first: positions.lowerBound,
      last: positions.upperBound, begin: Fault.firstCall)
  }

  /// What the program does first of all, and neither the loader nor Swift's runtime: it looks which of the standard streams
  /// are closed.
  static let firstCall = fault_call_number("fcntl")
}
