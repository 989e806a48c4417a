//! Points in time as records write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time in UTC, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    year: i64,
    month: u64,
    day: u64,
    second_of_day: u64,
}

impl Stamp {
    /// Now.
    pub(crate) fn now() -> Stamp {
        Stamp::since_epoch(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// So long after 1970. The calendar is H. Hinnant's `civil_from_days`, for dates from then on.
    fn since_epoch(since: Duration) -> Stamp {
        let days = since.as_secs() / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = i64::try_from(year_of_era + era * 400).unwrap_or(i64::MAX) + i64::from(month <= 2);
        Stamp { year, month, day: day_of_year - (153 * shifted + 2) / 5 + 1, second_of_day: since.as_secs() % 86_400 }
    }

    /// `2026-11-22T19:07:00Z` (RFC 3339).
    pub(crate) fn rfc3339(self) -> String {
        let (h, m, s) = self.time();
        format!("{:04}-{:02}-{:02}T{h:02}:{m:02}:{s:02}Z", self.year, self.month, self.day)
    }

    /// `20261122-190700`, which sorts.
    pub(crate) fn compact(self) -> String {
        let (h, m, s) = self.time();
        format!("{:04}{:02}{:02}-{h:02}{m:02}{s:02}", self.year, self.month, self.day)
    }

    fn time(self) -> (u64, u64, u64) {
        (self.second_of_day / 3600, self.second_of_day / 60 % 60, self.second_of_day % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_date_says() {
        // date -u -d @N +%FT%TZ
        for (seconds, says) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_374_420, "2026-11-22T19:07:00Z"),
            (4_102_444_799, "2099-12-31T23:59:59Z"),
        ] {
            assert_eq!(Stamp::since_epoch(Duration::from_secs(seconds)).rfc3339(), says);
        }
        assert_eq!(Stamp::since_epoch(Duration::from_secs(1_795_374_420)).compact(), "20261122-190700");
    }
}
