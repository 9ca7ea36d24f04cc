//! Text files: their encoding first, then what they hold.

use std::io::{BufReader, Cursor, Read};

use super::csv::CsvRecords;
use super::geojson::GeoJsonRecords;
use super::options::ReadOptions;
use crate::import::ImportError;
use crate::import::encoding::{Encoding, GUESS_BYTES, Transcoded, guess};
use crate::import::input::Input;
use crate::import::record::Records;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// Opens CSV or GeoJSON.
pub(super) fn open(place: String, mut input: Input, options: &ReadOptions) -> Result<Box<dyn Records>, ImportError> {
    let unreadable = |cause: String| ImportError::Unreadable { file: place.clone(), line: None, cause };
    let mut start = Vec::new();
    (&mut input).take(GUESS_BYTES as u64).read_to_end(&mut start).map_err(|error| unreadable(error.to_string()))?;
    let Some(encoding) = options.encoding.or_else(|| guess(&start)) else {
        let names: Vec<&str> = Encoding::ALL.iter().map(|encoding| encoding.name()).collect();
        let cause = "expected text in UTF-8 or an encoding of Vietnamese, found neither; say which it is by --encoding";
        return Err(unreadable(format!("{cause} ({})", names.join(", "))));
    };
    let is_wide = matches!(encoding, Encoding::Utf16Le | Encoding::Utf16Be);
    if !is_wide && start.contains(&0) {
        return Err(unreadable("expected text, found a binary file of a kind that is not read".into()));
    }
    let text = if encoding == Encoding::Utf8 { None } else { Some(encoding.decode(&start)) };
    let whole = Cursor::new(start).chain(input);
    let (plain, text): (Box<dyn Read + Send>, Vec<u8>) = match text {
        None => {
            let start = whole.get_ref().0.get_ref().clone();
            (Box::new(whole), start)
        }
        Some(text) => (Box::new(Transcoded::new(whole, encoding)), text.into_bytes()),
    };
    let input = BufReader::with_capacity(CHUNK_BYTES, plain);
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    Ok(if matches!(first, Some(b'{' | b'[' | 0x1e)) {
        Box::new(GeoJsonRecords::new(place, input, encoding)?)
    } else {
        let options = ReadOptions { encoding: Some(encoding), ..options.clone() };
        Box::new(CsvRecords::new(place, input, text, &options)?)
    })
}
