/// A part of the work that progress is shown for, by makedumpfile's name.
enum ProgressStep: Equatable {
  case memoryHoles
  case unnecessaryPages
  case freePages
  case zeroPages
  case copyingData
  case readingPages

  /// The name in 27 columns.
  var name: String {
    switch self {
    case .memoryHoles: "Checking for memory holes  "
    case .unnecessaryPages: "Excluding unnecessary pages"
    case .freePages: "Excluding free pages       "
    case .zeroPages: "Excluding zero pages       "
    case .copyingData: "Copying data               "
    case .readingPages: "Reading pages              "
    }
  }
}
