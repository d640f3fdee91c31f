//! Moments on a wall clock, as people write them down; no time zone, since all of them are read off one clock.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::error::Error;

/// A moment, seconds since the first second of 1970 on the clock it was read from.
#[doc(alias = "时刻")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

const DAY: i64 = 86_400;

impl Moment {
    /// Understands `2026-05-01T08:30`, with a blank for the `T` if need be, and with seconds if there are any.
    ///
    /// # Errors
    /// [`Error::BadMoment`] for anything else, such as a 30th of February.
    ///
    /// # Reference
    /// H. Hinnant, "chrono-compatible low-level date algorithms" (2021), for the days of the Gregorian calendar.
    ///
    /// # Example
    /// ```
    /// use suyuan::Moment;
    /// assert_eq!(Moment::parse("1970-01-02 00:01")?, Moment(86_460));
    /// assert!(Moment::parse("2026-02-30T08:00").is_err());
    /// # Ok::<(), suyuan::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text.trim()).ok_or_else(|| Error::BadMoment { text: text.to_owned() })
    }

    fn read(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', ' '])?;
        let digits = |t: &str, width: std::ops::RangeInclusive<usize>| {
            let plain = width.contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| t.parse::<i64>().ok()).flatten()
        };
        let mut parts = date.split('-');
        let year = digits(parts.next()?, 4..=4)?;
        let month = digits(parts.next()?, 1..=2)?;
        let day = digits(parts.next()?, 1..=2)?;
        let mut clock = time.split(':');
        let hour = digits(clock.next()?, 1..=2)?;
        let minute = digits(clock.next()?, 2..=2)?;
        let second = clock.next().map_or(Some(0), |s| digits(s, 2..=2))?;
        let whole = parts.next().is_none() && clock.next().is_none();
        let fits = (1..=12).contains(&month) && hour < 24 && minute < 60 && second < 60;
        if !whole || !fits {
            return None;
        }
        let days = days_of(year, month, day);
        // A day that does not exist comes back as another.
        (date_of(days) == (year, month, day)).then_some(Self(days * DAY + hour * 3600 + minute * 60 + second))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.0.div_euclid(DAY));
        let second = self.0.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Days since the first of January 1970.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1899, 12, 31);
        for days in days_of(1899, 12, 31)..days_of(2300, 1, 1) {
            assert_eq!(date_of(days), (year, month, day));
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let long = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            day += 1;
            if day > long[month as usize - 1] {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["2026-05-01T08:30:15", "1999-12-31T23:59:59", "2024-02-29T00:00:00"] {
            assert_eq!(Moment::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "2026-05-01",
            "2026-13-01T00:00",
            "2023-02-29T00:00",
            "2026-05-01T24:00",
            "26-05-01T1:00",
            "2026-05-01T08:00Z",
        ] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }
}
