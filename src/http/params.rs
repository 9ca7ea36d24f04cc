//! The query string, strictly: an unknown, repeated or malformed parameter is always refused by its name.

use std::ops::RangeInclusive;

use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;

use crate::atlas::{read_json, read_text};
use crate::model::filter::AskedFilter;
use crate::model::{AsOf, Day, Instant, Invalid, LayerId, LonLat, TimeInterval};

/// The form of a table's or page's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON, or `GeoJSON` where the answer is features.
    Json,
    /// CSV by RFC 4180.
    Csv,
}

/// What a table begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bom {
    /// U+FEFF.
    With,
    /// Its first cell.
    Without,
}

/// The parameters of a request, decoded, each one known and given once.
#[derive(Debug, Clone, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Decodes `a=1&b=2` (WHATWG form encoding: `+` is a space) and holds the names against those the address knows.
    pub fn read(query: &str, known: &[&str]) -> Result<Self, Invalid> {
        let mut params = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode("query", name)?;
            if !known.contains(&name.as_str()) {
                let expected = match known {
                    [] => "no parameters at this address".to_owned(),
                    known => format!("one of the parameters of this address: {}", known.join(", ")),
                };
                return Err(Invalid::new(name.chars().take(64).collect::<String>(), expected));
            }
            if params.text(&name).is_some() {
                return Err(Invalid::new(name, "the parameter once; it is given twice"));
            }
            let value = decode(&name, value)?;
            params.pairs.push((name, value));
        }
        Ok(params)
    }

    /// The parameter's decoded text, where given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The decoded text of a parameter that must be given.
    pub fn required(&self, name: &str) -> Result<&str, Invalid> {
        self.text(name).ok_or_else(|| Invalid::new(name, "the parameter; it is missing"))
    }

    /// All parameters, in the order given.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All but one.
    pub fn without(&self, name: &str) -> Self {
        Self { pairs: self.pairs.iter().filter(|(known, _)| known != name).cloned().collect() }
    }

    /// Those of some names.
    pub fn only(&self, names: &[&str]) -> Self {
        Self { pairs: self.pairs.iter().filter(|(known, _)| names.contains(&known.as_str())).cloned().collect() }
    }

    /// With another value of one.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut params = self.without(name);
        params.pairs.push((name.to_owned(), value.to_owned()));
        params
    }

    /// `layer`, which must be given.
    pub fn layer(&self) -> Result<LayerId, Invalid> {
        LayerId::parse("layer", self.required("layer")?)
    }

    /// `at`, where given.
    pub fn at(&self) -> Result<Option<LonLat>, Invalid> {
        self.text("at").map(|text| LonLat::parse("at", text)).transpose()
    }

    /// `at`, which must be given.
    pub fn required_at(&self) -> Result<LonLat, Invalid> {
        LonLat::parse("at", self.required("at")?)
    }

    /// A day: a date, or the day on which an instant falls in the zone.
    pub fn day(&self, name: &str, zone: &TimeZone) -> Result<Option<Day>, Invalid> {
        let Some(text) = self.text(name) else { return Ok(None) };
        if let Ok(day) = Day::parse(name, text) {
            return Ok(Some(day));
        }
        Instant::asked(name, &with_plus(text), zone).map(|instant| Some(instant.day(zone)))
    }

    /// `as_of`; without it each feature's own date.
    pub fn as_of(&self, zone: &TimeZone) -> Result<AsOf, Invalid> {
        Ok(self.day("as_of", zone)?.map_or(AsOf::Own, AsOf::Day))
    }

    /// `datetime`, where given.
    pub fn datetime(&self, zone: &TimeZone) -> Result<Option<TimeInterval>, Invalid> {
        self.interval("datetime", zone)
    }

    /// An interval, where given.
    pub fn interval(&self, name: &str, zone: &TimeZone) -> Result<Option<TimeInterval>, Invalid> {
        self.text(name).map(|text| TimeInterval::parse(name, &with_plus(text), zone)).transpose()
    }

    /// `filter` in the language that `filter-lang` names, CQL2 text if none.
    pub fn filter(&self) -> Result<Option<AskedFilter>, Invalid> {
        self.filter_named("filter")
    }

    /// A filter under another name, in the same language.
    pub fn filter_named(&self, name: &str) -> Result<Option<AskedFilter>, Invalid> {
        let read = match self.text("filter-lang") {
            // The last is the name that it had in drafts of the standard; GDAL asks by it.
            None | Some("cql2-text" | "cql-text") => read_text,
            Some("cql2-json") => read_json,
            Some(other) => return Err(Invalid::new("filter-lang", format!("cql2-text or cql2-json, found {other:?}"))),
        };
        self.text(name).map(|text| read(name, text)).transpose()
    }

    /// A whole number in a range.
    pub fn whole(&self, name: &str, range: RangeInclusive<usize>, default: usize) -> Result<usize, Invalid> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse::<usize>().ok() } else { None };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            Invalid::new(name, format!("a whole number from {least} to {most}, found {text:?}"))
        })
    }

    /// `radius_m`, where given: metres above 0, at most `most`.
    pub fn radius_m(&self, most: f64) -> Result<Option<f64>, Invalid> {
        let Some(text) = self.text("radius_m") else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(metres) if metres > 0.0 && metres <= most => Ok(Some(metres)),
            _ => Err(Invalid::new("radius_m", format!("metres above 0 and at most {most}, found {text:?}"))),
        }
    }

    /// `f`.
    pub fn format(&self) -> Result<Format, Invalid> {
        match self.text("f") {
            None | Some("json" | "geojson") => Ok(Format::Json),
            Some("csv") => Ok(Format::Csv),
            Some(text) => Err(Invalid::new("f", format!("json or csv, found {text:?}"))),
        }
    }

    /// Whether a table begins with a byte order mark, by which Excel knows UTF-8: `bom`, beside `f=csv` only.
    pub fn bom(&self) -> Result<Bom, Invalid> {
        match (self.flag("bom")?, self.format()?) {
            (true, Format::Json) => Err(Invalid::new("bom", "bom beside f=csv only")),
            (true, Format::Csv) => Ok(Bom::With),
            (false, _) => Ok(Bom::Without),
        }
    }

    /// A parameter that is `true` or `false`, false where not given.
    pub fn flag(&self, name: &str) -> Result<bool, Invalid> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(text) => Err(Invalid::new(name, format!("true or false, found {text:?}"))),
        }
    }
}

/// Percent-decodes one name or value; every `%` must begin two hex digits, and the bytes be UTF-8.
fn decode(parameter: &str, text: &str) -> Result<String, Invalid> {
    let faulty = text.split('%').skip(1).any(|after| {
        let mut digits = after.bytes();
        !matches!((digits.next(), digits.next()), (Some(a), Some(b)) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    });
    if faulty {
        return Err(Invalid::new(parameter, "percent-encoding: two hex digits after each %"));
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    let decoded = decoded.map_err(|_| Invalid::new(parameter, "percent-encoded UTF-8"))?;
    if decoded.contains('\0') {
        return Err(Invalid::new(parameter, "text without the character NUL"));
    }
    Ok(decoded.into_owned())
}

/// Gives an offset its plus back: `T08:00:00+07:00` typed into an address arrives as `T08:00:00 07:00`, and no time has a
/// space after its `T`.
pub fn with_plus(text: &str) -> String {
    if text.contains('T') { text.replace(' ', "+") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 6] = ["layer", "at", "datetime", "radius_m", "limit", "as_of"];

    #[test]
    fn a_fault_in_the_query_string_is_refused_by_name() {
        for (query, named) in [
            ("limit=1&limit=2", "limit"),
            ("limit=1&limit=1", "limit"),
            ("Limit=1", "Limit"),
            ("filter=a", "filter"),
            ("layer=%zz", "layer"),
            ("layer=%", "layer"),
            ("layer=%e1", "layer"),
            ("layer=%E1%BB", "layer"),
            ("layer=a%00b", "layer"),
            ("%zz=1", "query"),
            ("l%69mit=1&limit=1", "limit"),
            ("=1", ""),
        ] {
            assert_eq!(Params::read(query, &KNOWN).expect_err(query).parameter, named, "{query}");
        }
    }

    #[test]
    fn numbers_are_finite_and_within_their_bounds() {
        for text in ["0", "-1", "NaN", "inf", "1e400", "1000001", "", "1,5", "1 m"] {
            let params = Params::read(&format!("radius_m={text}"), &KNOWN).expect(text);
            assert_eq!(params.radius_m(1e6).expect_err(text).parameter, "radius_m", "{text}");
        }
        for text in ["0", "-1", "+1", "11", "1.0", "1e1", "99999999999999999999999", ""] {
            let params = Params::read(&format!("limit={text}"), &KNOWN).expect(text);
            assert_eq!(params.whole("limit", 1..=10, 5).expect_err(text).parameter, "limit", "{text}");
        }
        assert_eq!(Params::read("limit=10", &KNOWN).expect("known").whole("limit", 1..=10, 5), Ok(10));
        assert_eq!(Params::default().whole("limit", 1..=10, 5), Ok(5));
    }

    #[test]
    fn an_offset_may_be_typed_with_a_bare_plus() {
        let read = |query: &str| Params::read(query, &KNOWN).expect(query).datetime(&TimeZone::UTC).expect(query);
        let bare = read("datetime=2025-07-01T00:00:00+07:00/..");
        assert_eq!(bare, read("datetime=2025-07-01T00%3A00%3A00%2B07:00%2F.."));
        assert_eq!(bare, read("datetime=2025-06-30T17:00:00Z/.."));
    }

    #[test]
    fn as_of_takes_a_date_or_the_day_of_a_time() {
        let read = |query: &str| Params::read(query, &KNOWN).expect(query).as_of(&TimeZone::UTC);
        let day = read("as_of=2025-07-01");
        assert!(matches!(day, Ok(AsOf::Day(_))));
        assert_eq!(day, read("as_of=2025-07-01T03:00:00+01:00"));
        assert_eq!(read(""), Ok(AsOf::Own));
        for query in ["as_of=", "as_of=yesterday", "as_of=2025-07-01/..", "as_of=2025-02-30"] {
            assert_eq!(read(query).expect_err(query).parameter, "as_of", "{query}");
        }
    }
}
