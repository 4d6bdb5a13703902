/// A time of the calendar, without Foundation.
enum UTCTime {
  /// Seconds since 1970 as `2026-11-30 01:17:48 UTC`, in the proleptic Gregorian calendar.
  static func text(_ seconds: Int64) -> String {
    let (year, month, day) = date(ofDay: seconds.quotientRoundingDown(by: 86_400))
    let rest = seconds - seconds.quotientRoundingDown(by: 86_400) * 86_400
    func two(_ number: Int64) -> String { String(number).aligned(toColumns: 2, filling: "0") }
    return String(year).aligned(toColumns: 4, filling: "0") + "-" + two(month) + "-" + two(day) + " "
      + two(rest / 3600) + ":" + two(rest / 60 % 60) + ":" + two(rest % 60) + " UTC"
  }

  /// The date of a day, counted from 1 January 1970. Years begin in March here, so that the leap day is the last of one.
  private static func date(ofDay day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    // 1 March of the year 0, and the days of 400 years, which repeat.
    let shifted = day + 719_468
    let era = shifted.quotientRoundingDown(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    // Months of 31 and 30 days, five of which have 153.
    let month = (5 * dayOfYear + 2) / 153
    let isNextYear = month >= 10
    return (
      yearOfEra + era * 400 + (isNextYear ? 1 : 0), isNextYear ? month - 9 : month + 3,
      dayOfYear - (153 * month + 2) / 5 + 1
    )
  }

  /// A duration as `3 d 04:05:06`.
  static func duration(_ seconds: UInt64) -> String {
    func two(_ number: UInt64) -> String { String(number).aligned(toColumns: 2, filling: "0") }
    let clock = two(seconds / 3600 % 24) + ":" + two(seconds / 60 % 60) + ":" + two(seconds % 60)
    return seconds >= 86_400 ? "\(seconds / 86_400) d \(clock)" : clock
  }
}

extension Int64 {
  fileprivate func quotientRoundingDown(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
