/// Lends an array's bytes to what works on spans.
@discardableResult
func withMutableBytes<Result>(
  of array: inout [UInt8], _ body: (inout MutableRawSpan) -> Result
) -> Result {
  var span = array.mutableSpan
  var bytes = span.mutableBytes
  return body(&bytes)
}
