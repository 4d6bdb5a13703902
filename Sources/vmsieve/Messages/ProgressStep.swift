/// A part of the work that progress is shown for, by makedumpfile's name.
enum ProgressStep: Equatable {
  case unnecessaryPages
  case zeroPages
  case copyingData
  case readingPages

  /// The name in 27 columns.
  var name: String {
    switch self {
    case .unnecessaryPages: "Excluding unnecessary pages"
    case .zeroPages: "Excluding zero pages       "
    case .copyingData: "Copying data               "
    case .readingPages: "Reading pages              "
    }
  }
}
