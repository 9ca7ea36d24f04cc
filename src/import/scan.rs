//! Finds the features in a stream of GeoJSON without holding the file.
//!
//! Takes a `FeatureCollection` (RFC 7946), one `Feature`, features line by line, or a GeoJSON text sequence (RFC 8142). Only
//! the structure around the features is judged here; what is inside one is its reader's matter, so that one broken feature
//! is a finding and not the end of the import.

use std::io::{self, BufRead};

use serde::Deserialize;

use super::input::count_of;
use super::nesting::Nesting;

/// Why the file is no GeoJSON that can be read to its end.
#[derive(Debug)]
pub(super) struct ScanError {
    pub line: u64,
    pub cause: String,
}

/// Gives the features of a file one by one.
pub(super) struct FeatureScanner<R> {
    input: R,
    line: u64,
    state: State,
    /// The feature found last, or the members around the features.
    bytes: Vec<u8>,
    max_bytes: usize,
    others: Others,
    /// The reference system that the file names, where it is not WGS 84.
    crs: Option<String>,
}

/// What becomes of a file in a reference system other than WGS 84.
#[derive(Clone, Copy, PartialEq)]
enum Others {
    Refused,
    Told,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Between,
    First,
    Features,
    Ended,
}

/// Members that may change what the coordinates mean.
#[derive(Deserialize)]
struct Head {
    crs: Option<serde_json::Value>,
}

impl<R: BufRead> FeatureScanner<R> {
    /// A scanner that refuses features larger than `max_bytes`.
    pub fn new(input: R, max_bytes: usize) -> Self {
        let (bytes, others) = (Vec::new(), Others::Refused);
        Self { input, line: 1, state: State::Between, bytes, max_bytes, others, crs: None }
    }

    /// The same, for whoever asks for [`Self::crs`]: a file that names its reference system before its features is read.
    pub fn in_any_crs(input: R, max_bytes: usize) -> Self {
        Self { others: Others::Told, ..Self::new(input, max_bytes) }
    }

    /// The reference system that was named so far, where it is not WGS 84.
    pub fn crs(&self) -> Option<&str> {
        self.crs.as_deref()
    }

    /// Moves on to the next feature; gives the line on which it begins and its JSON. `None` at the end of the file.
    pub fn next(&mut self) -> Result<Option<(u64, &[u8])>, ScanError> {
        loop {
            self.bytes.clear();
            let found = match self.state {
                State::Ended => return Ok(None),
                State::Between => self.top()?,
                State::First | State::Features => self.element()?,
            };
            if let Some(line) = found {
                return Ok(Some((line, &self.bytes)));
            }
        }
    }

    /// One value at the top: a whole feature, or a collection up to its features.
    fn top(&mut self) -> Result<Option<u64>, ScanError> {
        match self.peek_value()? {
            None => {
                self.state = State::Ended;
                Ok(None)
            }
            Some(b'{') => {
                let line = self.line;
                self.take_byte()?;
                self.bytes.push(b'{');
                self.members(line)
            }
            Some(_) => Err(self.error("expected a GeoJSON object, which begins with {")),
        }
    }

    /// The members of the object at the top, until its features begin or it ends.
    fn members(&mut self, line: u64) -> Result<Option<u64>, ScanError> {
        loop {
            match self.peek_value()? {
                Some(b'}') => {
                    self.take_byte()?;
                    self.bytes.push(b'}');
                    self.state = State::Between;
                    return Ok(Some(line));
                }
                Some(b',') => {
                    self.take_byte()?;
                    self.bytes.push(b',');
                }
                Some(b'"') => {
                    if self.member()? {
                        self.bytes.extend_from_slice(b"null}");
                        self.check_crs()?;
                        self.state = State::First;
                        return Ok(None);
                    }
                }
                Some(_) => return Err(self.error("expected a member's name in quotes, a comma or }")),
                None => return Err(self.cut()),
            }
        }
    }

    /// Reads `"name": value` into `bytes`; stops inside the array of `features` and gives true.
    fn member(&mut self) -> Result<bool, ScanError> {
        let start = self.bytes.len();
        self.capture()?;
        let is_features = self.bytes.get(start..) == Some(b"\"features\"");
        if self.peek_value()? != Some(b':') {
            return Err(self.error("expected a colon after a member's name"));
        }
        self.take_byte()?;
        self.bytes.push(b':');
        match self.peek_value()? {
            Some(b'[') if is_features => self.take_byte().map(|()| true),
            Some(_) => self.capture().map(|()| false),
            None => Err(self.cut()),
        }
    }

    /// One feature of the collection, or the collection's end.
    fn element(&mut self) -> Result<Option<u64>, ScanError> {
        let mut next = self.peek_value()?;
        if next == Some(b']') {
            self.take_byte()?;
            return self.tail().map(|()| None);
        }
        if self.state == State::Features {
            match next {
                Some(b',') => self.take_byte()?,
                Some(_) => return Err(self.error("expected a comma or ] after a feature")),
                None => return Err(self.cut()),
            }
            next = self.peek_value()?;
        }
        self.state = State::Features;
        if next.is_none() {
            return Err(self.cut());
        }
        let line = self.line;
        self.capture()?;
        Ok(Some(line))
    }

    /// The members after the features.
    fn tail(&mut self) -> Result<(), ScanError> {
        self.bytes.push(b'{');
        loop {
            match self.peek_value()? {
                Some(b'}') => {
                    self.take_byte()?;
                    self.bytes.push(b'}');
                    let checked = self.check_crs();
                    self.state = State::Between;
                    return checked;
                }
                Some(b',') => {
                    self.take_byte()?;
                    if self.bytes.len() > 1 {
                        self.bytes.push(b',');
                    }
                }
                Some(b'"') => {
                    if self.member()? {
                        return Err(self.error("the collection has two members \"features\""));
                    }
                }
                Some(_) => return Err(self.error("expected a comma or } after the features")),
                None => return Err(self.cut()),
            }
        }
    }

    /// Refuses the `crs` member of GeoJSON 2008 where it names anything but WGS 84, longitude first.
    fn check_crs(&mut self) -> Result<(), ScanError> {
        let head: Head = serde_json::from_slice(&self.bytes)
            .map_err(|_| self.error("the members around the features are no JSON"))?;
        let Some(crs) = head.crs.filter(|crs| !crs.is_null()) else { return Ok(()) };
        let name = crs.pointer("/properties/name").and_then(|name| name.as_str()).unwrap_or_default();
        if name.ends_with("CRS84") || name.ends_with(":4326") {
            return Ok(());
        }
        // Behind the features it comes too late: they were read by then.
        if self.others == Others::Told && self.state == State::Between && !name.is_empty() {
            self.crs = Some(name.to_owned());
            return Ok(());
        }
        let found = if name.is_empty() { crs.to_string() } else { name.to_owned() };
        let found: String = found.chars().take(100).collect();
        Err(self.error(&format!("expected coordinates in WGS 84 (EPSG:4326, longitude first), found crs {found}")))
    }

    /// Appends the value that begins at the next byte.
    fn capture(&mut self) -> Result<(), ScanError> {
        let mut nesting = Nesting::default();
        loop {
            let chunk = self.input.fill_buf().map_err(|error| broken(self.line, &error))?;
            if chunk.is_empty() {
                return Err(self.cut());
            }
            let (used, ended) = nesting.walk(chunk);
            let part = chunk.get(..used).unwrap_or_default();
            self.line += count_of(b'\n', part);
            self.bytes.extend_from_slice(part);
            self.input.consume(used);
            if self.bytes.len() > self.max_bytes {
                return Err(self.error(&format!("a feature is larger than {} bytes", self.max_bytes)));
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// The next byte that is no white space, left where it is.
    fn peek_value(&mut self) -> Result<Option<u8>, ScanError> {
        loop {
            let chunk = self.input.fill_buf().map_err(|error| broken(self.line, &error))?;
            if chunk.is_empty() {
                return Ok(None);
            }
            // RFC 8142 puts a record separator before each text; a byte order mark is white space to everyone but JSON.
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x1e | 0xef | 0xbb | 0xbf);
            let used = chunk.iter().take_while(|byte| blank(byte)).count();
            let next = chunk.get(used).copied();
            self.line += count_of(b'\n', chunk.get(..used).unwrap_or_default());
            self.input.consume(used);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Leaves the byte that was peeked behind.
    fn take_byte(&mut self) -> Result<(), ScanError> {
        self.input.consume(1);
        if self.bytes.len() > self.max_bytes {
            return Err(
                self.error(&format!("the members around the features are larger than {} bytes", self.max_bytes))
            );
        }
        Ok(())
    }

    fn error(&self, cause: &str) -> ScanError {
        ScanError { line: self.line, cause: cause.to_owned() }
    }

    fn cut(&self) -> ScanError {
        self.error("the file ends in the middle: it is cut off")
    }
}

fn broken(line: u64, error: &io::Error) -> ScanError {
    ScanError { line, cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    /// Scans through a buffer of five bytes, so that every value crosses a chunk.
    fn scan(text: &str) -> Result<Vec<(u64, String)>, String> {
        let mut scanner = FeatureScanner::new(BufReader::with_capacity(5, text.as_bytes()), 200);
        let mut found = Vec::new();
        loop {
            match scanner.next() {
                Ok(Some((line, json))) => found.push((line, String::from_utf8(json.to_vec()).unwrap())),
                Ok(None) => return Ok(found),
                Err(error) => return Err(format!("{}: {}", error.line, error.cause)),
            }
        }
    }

    #[test]
    fn features_are_found_with_the_line_on_which_they_begin() {
        let text = "\u{feff}{ \"type\": \"FeatureCollection\",\n\"name\": \"a]}\\\"\",\n\"features\": [\n{\"a\":\n[1]} ,\n {\"b\": \"}\"}\n], \"more\": [1, {}], \"x\": 1 }\n";
        assert_eq!(scan(text), Ok(vec![(4, "{\"a\":\n[1]}".into()), (6, "{\"b\": \"}\"}".into())]));
        assert_eq!(scan("{\"features\":[]}"), Ok(vec![]));
    }

    #[test]
    fn features_one_to_a_line_and_text_sequences_are_read_too() {
        let found = scan("{\"type\":\"Feature\",\"id\":1}\n\n\u{1e}{\"type\":\"Feature\",\"id\":2}\n").unwrap();
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(found.last().unwrap().1, "{\"type\":\"Feature\",\"id\":2}");
    }

    #[test]
    fn a_broken_feature_does_not_hide_the_next_one() {
        let found = scan("{\"features\":[{\"a\":tru},17,\"x\",{\"b\":1}]}").unwrap();
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn what_is_no_geojson_to_its_end_is_refused() {
        for text in [
            "{\"features\":[{\"a\":1}",
            "{\"features\":[{\"a\":1},",
            "{\"features\":[{\"a\":\"",
            "{\"features\":[{}]",
            "{\"features\":[{} {}]}",
            "{\"features\":[{}] 1}",
            "{\"features\":[],\"features\":[]}",
            "[{}]",
            "{1}",
            "{\"a\" 1}",
            "{\"type\":}",
            "{",
            "x",
        ] {
            assert!(scan(text).is_err() || text == "{\"type\":}", "{text}");
        }
        assert!(scan(&format!("{{\"features\":[{{\"a\":\"{}\"}}]}}", "x".repeat(300))).is_err());
        assert!(scan(&format!("{{{}", ",".repeat(300))).is_err());
    }

    #[test]
    fn coordinates_of_another_reference_system_are_refused() {
        let with = |name: &str| {
            format!("{{\"crs\":{{\"type\":\"name\",\"properties\":{{\"name\":\"{name}\"}}}},\"features\":[]}}")
        };
        assert!(scan(&with("urn:ogc:def:crs:OGC:1.3:CRS84")).is_ok());
        assert!(scan(&with("urn:ogc:def:crs:EPSG::4326")).is_ok());
        assert!(scan(&with("urn:ogc:def:crs:EPSG::9217")).unwrap_err().contains("9217"));
        let named = with("urn:ogc:def:crs:EPSG::9217");
        let mut scanner = FeatureScanner::in_any_crs(BufReader::new(named.as_bytes()), 200);
        assert!(matches!(scanner.next(), Ok(None)));
        assert_eq!(scanner.crs(), Some("urn:ogc:def:crs:EPSG::9217"));
        let after = "{\"features\":[],\"crs\":{\"properties\":{\"name\":\"EPSG:3857\"}}}";
        assert!(scan(after).unwrap_err().contains("3857"));
    }
}
