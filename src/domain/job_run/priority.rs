//! Which of a virtual cluster's waiting runs comes first: priority is worth waiting time, so that no
//! run is passed by for ever.

use crate::domain::tags::Tags;

/// The tag by which a run says its priority.
pub const TAG: &str = "firesteel.dev/priority";

const MOST: i32 = 1000;

/// A run's priority, from -1000 to 1000. Each unit counts as a minute that the run has waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Priority(i32);

/// A tag that is no priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The value of tag {TAG} must be a whole number from -{MOST} to {MOST}.")]
pub struct InvalidPriority;

impl Priority {
    /// What `tags` say; they need not say anything.
    pub fn of(tags: &Tags) -> Result<Self, InvalidPriority> {
        let Some(text) = tags.get(TAG) else {
            return Ok(Self::default());
        };
        text.parse()
            .ok()
            .filter(|priority| (-MOST..=MOST).contains(priority))
            .map(Self)
            .ok_or(InvalidPriority)
    }

    /// What it is worth, in minutes of waiting; negative where others go first.
    pub fn minutes(self) -> i32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_a_whole_number_within_its_range() {
        let of = |text: &str| Priority::of(&Tags::from([(TAG.to_owned(), text.to_owned())]));
        assert_eq!(Priority::of(&Tags::new()), Ok(Priority(0)));
        for (text, minutes) in [
            ("0", 0),
            ("7", 7),
            ("+7", 7),
            ("1000", 1000),
            ("-1000", -1000),
        ] {
            assert_eq!(of(text).map(Priority::minutes), Ok(minutes), "{text}");
        }
        for text in ["", "high", "1001", "-1001", "1.5", " 1", "99999999999"] {
            assert_eq!(of(text), Err(InvalidPriority), "{text}");
        }
    }
}
