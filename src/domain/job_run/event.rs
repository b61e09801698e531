//! What a run's story is made of. It tells names, states and choices, and nothing that is secret.

use jiff::Timestamp;

use super::{State, explain};

/// One line of a run's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// From 1 in each run; later events have greater numbers.
    pub number: u32,
    pub at: Timestamp,
    pub kind: EventKind,
    /// The attempt that it is about.
    pub attempt: Option<u32>,
    /// Empty where there is nothing to say.
    pub text: String,
}

/// What an event tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A driver is going to be created.
    Attempt,
    /// What was chosen for the run, or has no effect.
    Note,
    /// What the cluster said of the driver's pod, or of an executor's.
    Pod,
    /// The run's state became this one.
    State(State),
}

impl EventKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attempt => "ATTEMPT",
            Self::Note => "NOTE",
            Self::Pod => "POD",
            Self::State(_) => "STATE",
        }
    }
}

/// The longest note, in characters.
pub const MAX_NOTE_CHARS: usize = 512;

/// The most notes that a creation adds to a story.
pub const MAX_NOTES: usize = 50;

/// Notes as a story can take them: each on one line and not too long, and not too many.
pub fn fit_notes<'a>(notes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let all: Vec<_> = notes.collect();
    let mut fitting: Vec<_> = all.iter().take(MAX_NOTES).map(|note| fit(note)).collect();
    let left_out = all.len() - fitting.len();
    if left_out > 0 {
        fitting.push(format!("{left_out} more notes are left out."));
    }
    fitting
}

fn fit(note: &str) -> String {
    explain::fit_in(note, MAX_NOTE_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_single_lines_of_a_bounded_length_and_number() {
        let long = "é".repeat(2 * MAX_NOTE_CHARS);
        let notes = fit_notes(["a\n b", &long].into_iter());
        assert_eq!(notes[0], "a b");
        assert_eq!(notes[1].chars().count(), MAX_NOTE_CHARS);
        let many = fit_notes(std::iter::repeat_n("note", MAX_NOTES + 3));
        assert_eq!(many.len(), MAX_NOTES + 1);
        assert_eq!(many[MAX_NOTES], "3 more notes are left out.");
    }
}
