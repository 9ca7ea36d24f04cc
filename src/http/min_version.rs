//! `min_version`: reading one's own write on any node. The request waits until this node shows at least the version given.

use std::collections::BTreeSet;

use super::params::Params;
use super::problem::{Kind, Problem};
use super::{RETRY_MS, Service};
use crate::model::{Invalid, Versions};

/// The parameter's name, at every address that reads layers or units.
pub const MIN_VERSION: &str = "min_version";

/// The name of the units among versions.
pub const UNITS: &str = "units";

impl Service {
    /// Waits for `min_version`, where given. `read` names the layers that the request reads: where it is one, its version may
    /// stand alone.
    pub async fn reach(&self, params: &Params, read: &[&str]) -> Result<(), Problem> {
        let Some(text) = params.text(MIN_VERSION) else { return Ok(()) };
        let (view, least) = (self.settings.view, read_versions(text, read)?);
        let unknown = |error| Problem::of_layer(MIN_VERSION, error);
        if self.atlas.has_reached(view, &least).map_err(unknown)? {
            return Ok(());
        }
        // Those who wait cost nothing but their place among the requests: they are fewer than those may be.
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(Problem::retry(Kind::Overloaded, RETRY_MS, "too many requests wait for a version; try again"));
        };
        let reached = tokio::time::timeout(self.settings.version_wait, self.atlas.reach(view, &least)).await;
        reached.map_or_else(|_| Err(self.behind()), |reached| reached.map_err(unknown))
    }

    fn behind(&self) -> Problem {
        let waited_ms = self.settings.version_wait.as_millis();
        let detail = format!("this node does not show the version asked for yet, after waiting for {waited_ms} ms");
        Problem::retry(Kind::Behind, RETRY_MS, detail)
    }
}

/// `layer=V[,layer=V]` as in `Bandoso-Version`, or `V` alone where one layer is read.
pub fn read_versions(text: &str, read: &[&str]) -> Result<Versions, Invalid> {
    let invalid = |expected: String| Invalid::new(MIN_VERSION, expected);
    if let Some(version) = whole(text) {
        let distinct: BTreeSet<&str> = read.iter().copied().collect();
        return match (distinct.first(), distinct.len()) {
            (Some(layer), 1) => Ok(Versions::from([((*layer).to_owned(), version)])),
            _ => Err(invalid(format!("layer=V for each layer, for several are read: {}", read.join(", ")))),
        };
    }
    let mut versions = Versions::new();
    for pair in text.split(',') {
        let read = pair.split_once('=').and_then(|(layer, version)| Some((layer, whole(version)?)));
        let Some((layer, version)) = read.filter(|(layer, _)| !layer.is_empty()) else {
            return Err(invalid(format!(
                "layer=V[,layer=V] as in Bandoso-Version, or V for one layer, found {pair:?}"
            )));
        };
        if versions.insert(layer.to_owned(), version).is_some() {
            return Err(invalid(format!("each layer once, found {layer} twice")));
        }
    }
    Ok(versions)
}

fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_said() {
        let read = |text: &str| read_versions(text, &["police.incidents"]);
        assert_eq!(read("7"), Ok(Versions::from([("police.incidents".to_owned(), 7)])));
        let both = Versions::from([("police.incidents".to_owned(), 12), (UNITS.to_owned(), 3)]);
        assert_eq!(read("police.incidents=12,units=3"), Ok(both));
        assert_eq!(read_versions("7", &["a.b", "a.b"]), Ok(Versions::from([("a.b".to_owned(), 7)])));
    }

    #[test]
    fn whatever_else_is_given_is_refused() {
        for text in
            ["", "x", "-1", "+1", "a.b", "a.b=", "=1", "a.b=1,", "a.b=1,a.b=2", "a.b=1.5", "99999999999999999999"]
        {
            assert_eq!(read_versions(text, &["a.b"]).expect_err(text).parameter, MIN_VERSION, "{text}");
        }
        assert!(read_versions("7", &["a.b", "a.c"]).is_err(), "which of the two?");
    }
}
