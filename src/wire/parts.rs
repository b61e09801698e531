//! The path arrives percent-encoded: it is cut at its slashes first and decoded afterwards, since an
//! ARN travels with its own slashes in one segment.

use percent_encoding::percent_decode_str;

/// The labels of a URI template with their decoded values.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PathParams(Vec<(String, String)>);

impl PathParams {
    /// Matches a raw path against a URI template. No label may be empty.
    pub fn capture(template: &str, raw_path: &str) -> Option<Self> {
        let mut captured = Vec::new();
        let mut segments = raw_path.split('/');
        for part in template.split('/') {
            let segment = segments.next()?;
            match part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'))
            {
                Some(_) if segment.is_empty() => return None,
                Some(label) => captured.push((label.to_owned(), decode(segment))),
                None if part == segment => {}
                None => return None,
            }
        }
        segments.next().is_none().then_some(Self(captured))
    }

    /// The value of a label.
    pub fn get(&self, label: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == label)
            .map(|(_, value)| value.as_str())
    }
}

/// Labels with values that somebody else has already decoded.
impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for PathParams {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// The decoded pairs of a query string, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct QueryPairs(Vec<(String, String)>);

impl QueryPairs {
    /// Reads a raw query string, without the question mark.
    pub fn parse(raw_query: &str) -> Self {
        Self(
            form_urlencoded::parse(raw_query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// All values of a key; a list repeats its key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

/// Bytes that are no UTF-8 become a character that no pattern of an identifier accepts.
fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "/virtualclusters/{virtualClusterId}/jobruns/{jobRunId}";

    #[test]
    fn cuts_first_and_decodes_afterwards() {
        let params = PathParams::capture(
            "/tags/{resourceArn}",
            "/tags/arn%3Aaws%3Aemr-containers%3Aus-east-1%3A123456789012%3A%2Fvirtualclusters%2Fabc",
        );
        assert_eq!(
            params.unwrap().get("resourceArn"),
            Some("arn:aws:emr-containers:us-east-1:123456789012:/virtualclusters/abc")
        );
        let params = PathParams::capture(RUN, "/virtualclusters/a%2Fb/jobruns/c+d%20%FF").unwrap();
        assert_eq!(params.get("virtualClusterId"), Some("a/b"));
        assert_eq!(params.get("jobRunId"), Some("c+d \u{fffd}"));
        assert_eq!(params.get("other"), None);
    }

    #[test]
    fn a_path_matches_whole_or_not_at_all() {
        for path in [
            "",
            "/",
            "/virtualclusters",
            "/virtualclusters/a/jobruns",
            "/virtualclusters/a/jobruns/",
            "/virtualclusters//jobruns/b",
            "/virtualclusters/a/jobruns/b/",
            "/virtualclusters/a/endpoints/b",
            "virtualclusters/a/jobruns/b",
        ] {
            assert_eq!(PathParams::capture(RUN, path), None, "{path}");
        }
    }

    #[test]
    fn a_list_repeats_its_key() {
        let query = QueryPairs::parse("states=RUNNING&name=a%2Fb%23c&states=PENDING&x&=y&%");
        assert_eq!(
            query.all("states").collect::<Vec<_>>(),
            ["RUNNING", "PENDING"]
        );
        assert_eq!(query.all("name").collect::<Vec<_>>(), ["a/b#c"]);
        assert_eq!(query.all("x").collect::<Vec<_>>(), [""]);
        assert_eq!(query.all("nothing").count(), 0);
    }
}
