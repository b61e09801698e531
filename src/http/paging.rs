//! Lists come in pages, newest first; the token of the next page says where, and nothing else: the
//! filters are those of the request that brings it. A page ends early rather than grow without bound.

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::failure::breach;
use crate::domain::account::Caller;
use crate::store::{Cursor, Page};
use crate::wire::{ApiError, token};

/// A list, as its tokens know it.
pub(super) struct List<'a> {
    app: &'a Shared,
    scope: String,
    size: usize,
    page: Page,
}

#[derive(Serialize, Deserialize)]
struct Position {
    created_at: Timestamp,
    id: String,
}

impl<'a> List<'a> {
    /// `name` tells this list from every other of the caller.
    pub(super) fn of(
        app: &'a Shared,
        caller: &Caller,
        name: &str,
        max_results: Option<i32>,
        next_token: Option<&str>,
    ) -> Result<Self, ApiError> {
        let scope = format!("{name}/{}", caller.account);
        let size = page_size(app, max_results)?;
        let after = next_token
            .map(|text| {
                token::open::<Position>(&app.installation.token_key, &scope, text)
                    .map_err(|_| ApiError::Validation("Invalid next token.".to_owned()))
            })
            .transpose()?;
        let page = Page {
            after: after.map(|position| Cursor {
                created_at: position.created_at,
                id: position.id,
            }),
            // One more than is shown tells whether there is a next page.
            limit: i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1),
        };
        Ok(Self {
            app,
            scope,
            size,
            page,
        })
    }

    /// What to ask the store for.
    pub(super) fn page(&self) -> &Page {
        &self.page
    }

    /// A page whose entries may be as long as a request.
    pub(super) fn of_long_entries<T>(&self) -> LongEntries<'_, T> {
        LongEntries {
            list: self,
            entries: Vec::new(),
            bytes: 0,
            next: Next::Unknown,
        }
    }

    /// Cuts what the store gave to one page, and makes the token of the next.
    pub(super) fn cut<T>(
        &self,
        mut entries: Vec<T>,
        cursor: impl Fn(&T) -> Cursor,
    ) -> Result<(Vec<T>, Option<String>), ApiError> {
        if entries.len() <= self.size {
            return Ok((entries, None));
        }
        entries.truncate(self.size);
        let next = self.token_after(entries.last().map(cursor))?;
        Ok((entries, next))
    }

    fn token_after(&self, last: Option<Cursor>) -> Result<Option<String>, ApiError> {
        let position = last.map(|cursor| Position {
            created_at: cursor.created_at,
            id: cursor.id,
        });
        position
            .map(|position| token::seal(&self.app.installation.token_key, &self.scope, &position))
            .transpose()
            .map_err(ApiError::internal)
    }
}

/// A page that is put together a few entries at a time: it is full when it has as many as were
/// asked for, or as many bytes as a few of the longest requests.
pub(super) struct LongEntries<'a, T> {
    list: &'a List<'a>,
    entries: Vec<T>,
    bytes: usize,
    next: Next,
}

/// Whether there is another page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Unknown,
    Page,
    Nothing,
}

/// The most entries to have in memory before their length is known.
const CHUNK: usize = 16;

/// A page has room for so many of the longest requests.
const LONGEST_REQUESTS: usize = 4;

impl<T> LongEntries<'_, T> {
    /// What to ask the store for, as long as there is something to ask.
    pub(super) fn ask(&self, cursor: impl Fn(&T) -> Cursor) -> Option<Page> {
        if self.next != Next::Unknown {
            return None;
        }
        // One more than is shown tells whether there is a next page.
        let wanted = if self.is_full() {
            1
        } else {
            (self.list.size - self.entries.len()).saturating_add(1)
        };
        let last = self.entries.last().map(cursor);
        Some(Page {
            after: last.or_else(|| self.list.page.after.clone()),
            limit: i64::try_from(wanted.min(CHUNK)).unwrap_or(i64::MAX),
        })
    }

    /// Takes what the store gave for `asked`.
    pub(super) fn add(&mut self, asked: &Page, found: Vec<T>, bytes_of: impl Fn(&T) -> usize) {
        let all = i64::try_from(found.len()).is_ok_and(|found| found < asked.limit);
        for entry in found {
            if self.is_full() {
                self.next = Next::Page;
                return;
            }
            self.bytes = self.bytes.saturating_add(bytes_of(&entry));
            self.entries.push(entry);
        }
        if all {
            self.next = Next::Nothing;
        }
    }

    /// The entries, and the token of the next page.
    pub(super) fn finish(
        self,
        cursor: impl Fn(&T) -> Cursor,
    ) -> Result<(Vec<T>, Option<String>), ApiError> {
        let token = match self.next {
            Next::Nothing => None,
            Next::Page | Next::Unknown => self.list.token_after(self.entries.last().map(cursor))?,
        };
        Ok((self.entries, token))
    }

    fn is_full(&self) -> bool {
        let longest = self.list.app.config.api.max_body_bytes.get();
        self.entries.len() >= self.list.size
            || self.bytes >= longest.saturating_mul(LONGEST_REQUESTS)
    }
}

/// How many bytes of JSON a value is.
pub(super) fn json_bytes<T: Serialize>(value: &T) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        // It cannot be shown either, and the answer will say so.
        Err(_) => 0,
    }
}

fn page_size(app: &Shared, max_results: Option<i32>) -> Result<usize, ApiError> {
    let api = &app.config.api;
    let Some(asked) = max_results else {
        return Ok(size(api.default_page_size.get()));
    };
    match u32::try_from(asked) {
        Ok(asked) if asked > 0 => Ok(size(asked.min(api.max_page_size.get()))),
        _ => Err(breach(
            &format!("Value '{asked}'"),
            "maxResults",
            "Member must have value greater than or equal to 1",
        )),
    }
}

fn size(entries: u32) -> usize {
    usize::try_from(entries).unwrap_or(usize::MAX)
}
