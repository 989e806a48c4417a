//! The time of day in the forms that are shown and stored, always UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    year: i64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    microsecond: u32,
}

impl Moment {
    /// Now.
    pub(crate) fn now() -> Self {
        Self::of(SystemTime::now())
    }

    /// That of a system's clock.
    pub(crate) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Moment { microsecond: since.subsec_micros(), ..Self::at(since.as_secs()) }
    }

    /// So many seconds after 1970. Days to civil date as in Howard Hinnant's "chrono-Compatible Low-Level Date
    /// Algorithms", `civil_from_days`.
    fn at(seconds: u64) -> Self {
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        Moment {
            year: i64::try_from(year).unwrap_or(i64::MAX),
            month,
            day: day_of_year - (153 * shifted + 2) / 5 + 1,
            hour: seconds / 3_600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            microsecond: 0,
        }
    }

    /// `2026-11-22T19:07:00Z`
    pub(crate) fn rfc3339(self) -> String {
        let Moment { year, month, day, hour, minute, second, .. } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// `2026-11-22T19:07:00.000123Z`
    pub(crate) fn precise(self) -> String {
        format!("{}.{:06}Z", self.rfc3339().trim_end_matches('Z'), self.microsecond)
    }

    /// `2026-11-22 19:07:00 UTC`
    pub(crate) fn readable(self) -> String {
        self.rfc3339().replace('T', " ").replace('Z', " UTC")
    }

    /// `20261122-190700`
    pub(crate) fn compact(self) -> String {
        let Moment { year, month, day, hour, minute, second, .. } = self;
        format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right() {
        assert_eq!(Moment::at(0).rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Moment::at(951_782_399).rfc3339(), "2000-02-28T23:59:59Z");
        assert_eq!(Moment::at(951_782_400).readable(), "2000-02-29 00:00:00 UTC");
        assert_eq!(Moment::at(1_795_374_420).compact(), "20261122-190700");
    }
}
