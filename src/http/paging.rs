//! Lists come in pages, newest first; the token of the next page says where, and nothing else: the
//! filters are those of the request that brings it.

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
        let position = entries.last().map(cursor).map(|cursor| Position {
            created_at: cursor.created_at,
            id: cursor.id,
        });
        let next = position
            .map(|position| token::seal(&self.app.installation.token_key, &self.scope, &position))
            .transpose()
            .map_err(ApiError::internal)?;
        Ok((entries, next))
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
