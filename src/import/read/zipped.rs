//! Files inside a zip, opened with care: what a zip says of its own sizes is not believed.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use zip::ZipArchive;

use crate::import::ImportError;

/// Most entries of a zip.
const MAX_ENTRIES: usize = 10_000;
/// Largest zip, in bytes.
pub(super) const MAX_ZIP_BYTES: u64 = 2 << 30;
/// The record at a zip's end lies within so many bytes.
const END_BYTES: u64 = 66 * 1024;

/// A zip whose directory was read.
pub(super) type Archive = ZipArchive<BufReader<File>>;

/// Opens a zip with a directory of reasonable size.
pub(super) fn open(path: &Path) -> Result<Archive, ImportError> {
    let broken = |cause: String| ImportError::Unreadable { file: path.display().to_string(), line: None, cause };
    let mut file = File::open(path).map_err(|error| broken(error.to_string()))?;
    let size = file.metadata().map_err(|error| broken(error.to_string()))?.len();
    if size > MAX_ZIP_BYTES {
        return Err(broken(format!("expected a zip of at most {MAX_ZIP_BYTES} bytes, found {size}")));
    }
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(size.saturating_sub(END_BYTES)))
        .and_then(|_| file.read_to_end(&mut end))
        .map_err(|error| broken(error.to_string()))?;
    // "End of central directory", 4.3.16 of the format: the number of entries is at 10.
    let counts = end.windows(12).filter(|record| record.starts_with(b"PK\x05\x06"));
    let most = counts.filter_map(|record| Some(u16::from_le_bytes([*record.get(10)?, *record.get(11)?]))).max();
    if most.is_some_and(|most| usize::from(most) > MAX_ENTRIES) {
        return Err(broken(format!("expected a zip of at most {MAX_ENTRIES} files")));
    }
    file.rewind().map_err(|error| broken(error.to_string()))?;
    ZipArchive::new(BufReader::new(file))
        .map_err(|error| broken(format!("expected a whole zip: {error}; is it cut off?")))
}

/// The names of all entries that are files.
pub(super) fn names(archive: &Archive) -> Vec<String> {
    let names = archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned);
    names.filter(|name| !name.ends_with('/')).collect()
}

/// Unpacks a whole entry of at most `max_bytes`.
pub(super) fn unpack(archive: &mut Archive, name: &str, max_bytes: u64) -> Result<Vec<u8>, String> {
    let entry = archive.by_name(name).map_err(|error| format!("{name}: {error}"))?;
    let mut bytes = Vec::new();
    entry.take(max_bytes + 1).read_to_end(&mut bytes).map_err(|error| format!("{name}: {error}"))?;
    if bytes.len() as u64 > max_bytes {
        return Err(format!("{name}: larger than {max_bytes} bytes unpacked"));
    }
    Ok(bytes)
}

/// Bounds of an entry of XML that a library reads by itself.
#[derive(Clone, Copy)]
pub(super) struct XmlBounds {
    pub bytes: u64,
    /// Elements, by their tags.
    pub tags: u64,
    /// Bytes from one tag to the next.
    pub between: usize,
}

/// Unpacks an entry to nowhere, to learn whether it is within bounds; gives its size. One that is not there is within all.
pub(super) fn check(archive: &mut Archive, name: &str, bounds: XmlBounds) -> Result<u64, String> {
    let Ok(mut entry) = archive.by_name(name) else { return Ok(0) };
    let mut chunk = vec![0; 64 * 1024];
    let (mut bytes, mut tags, mut between) = (0, 0, 0);
    loop {
        let read = entry.read(&mut chunk).map_err(|error| format!("{name}: {error}"))?;
        let Some(part) = chunk.get(..read).filter(|part| !part.is_empty()) else { return Ok(bytes) };
        bytes += read as u64;
        for (index, piece) in part.split(|byte| *byte == b'<').enumerate() {
            (tags, between) = if index == 0 { (tags, between + piece.len()) } else { (tags + 1, piece.len()) };
            if between > bounds.between {
                return Err(format!("{name}: a text or tag is larger than {} bytes", bounds.between));
            }
        }
        if bytes > bounds.bytes || tags > bounds.tags {
            let XmlBounds { bytes, tags, .. } = bounds;
            return Err(format!("{name}: larger than {bytes} bytes or {tags} elements unpacked; divide the file"));
        }
    }
}
