internal import DumpMemory
internal import PageCompression
internal import Platform

extension DumpForecast {
  /// `page_classes`
  var classesJSON: [JSONObject] {
    classes.map { kind, sample in
      var object = JSONObject()
      object.add(
        "class", tellsClassesApart || kind != .other ? kind == .other ? "kernel" : kind.rawValue : "unknown")
      object.add("pages", sample.total)
      object.add("bytes", sample.total &* UInt64(pageSize))
      object.add("sampled", sample.looked)
      object.add("sampled_zeros", sample.zeros)
      object.add("sampled_unreadable", sample.unreadable)
      return object
    }
  }

  /// `forecast`: what dumps would take, and whether to make one.
  var json: JSONObject {
    var object = JSONObject()
    object.add("is_estimate", true)
    object.add("sampled_pages", looked)
    object.add("always_left_out", alwaysLeftOut)
    object.add("warnings", warnings)
    object.add(
      "levels",
      rows.map { row in
        var object = JSONObject()
        object.add("level", row.level.rawValue)
        object.add("pages", row.pages)
        object.add("page_bytes", row.pages &* UInt64(pageSize))
        var sizes = JSONObject()
        var margins = JSONObject()
        for (codec, size) in zip(PageSample.codecs, row.sizes) {
          sizes.add(codec.name, size.bytes)
          margins.add(codec.name, size.margin)
        }
        object.add("bytes", sizes)
        object.add("margins", margins)
        return object
      })
    var refilter: JSONObject?
    if let gain {
      var found = JSONObject()
      found.add("worth_it", gain.isWorthIt)
      found.add("level", gain.level.rawValue)
      found.add("codec", gain.codec.name)
      found.add("bytes", gain.bytes)
      found.add("file_bytes", gain.fileSize)
      refilter = found
    }
    object.add("refilter", refilter)
    return object
  }
}
