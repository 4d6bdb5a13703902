/// Reads the vmcore and writes the dump.
func createDump(options: Options, messages: Messages) throws(DumpCommandError) {
  throw DumpCommandError("\(options.vmcore): reading vmcores is not built yet")
}
