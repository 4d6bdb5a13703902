public import Platform

/// Why debug information could not be read, in words that follow the file's name.
public enum DebugInformationError: Error {
  case malformed(String)
  case system(SystemError)
}
