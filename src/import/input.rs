use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::ImportError;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// A file being read: unpacked where it is a gzip, whatever its name says.
pub(super) type Input = BufReader<Box<dyn Read + Send>>;

/// What a file holds, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    GeoJson,
    Csv,
}

/// Opens a file whose content may have up to `max_bytes`; `bytes_read` follows how far the file on disk has been read.
pub(super) fn open(path: &Path, max_bytes: u64, bytes_read: Arc<AtomicU64>) -> Result<Input, ImportError> {
    let file = File::open(path)
        .and_then(|file| if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) })
        .map_err(|error| unreadable(path, &error))?;
    let mut raw = BufReader::with_capacity(CHUNK_BYTES, Counted { inner: file, bytes_read });
    let packed = raw.fill_buf().map_err(|error| unreadable(path, &error))?.starts_with(&[0x1f, 0x8b]);
    let plain: Box<dyn Read + Send> = if packed { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) };
    let limited = Limited { inner: plain, left: max_bytes, max_bytes };
    Ok(BufReader::with_capacity(CHUNK_BYTES, Box::new(limited)))
}

/// Tells GeoJSON, which begins with `{` (or the record separator of a GeoJSON text sequence), from CSV.
pub(super) fn format(path: &Path, input: &mut Input) -> Result<Format, ImportError> {
    let start = input.fill_buf().map_err(|error| unreadable(path, &error))?;
    if start.starts_with(b"PK\x03\x04") || start.contains(&0) {
        let cause =
            "expected GeoJSON or CSV in UTF-8, found a binary file; save a spreadsheet as CSV UTF-8 first".into();
        return Err(ImportError::Unreadable { file: path.display().to_string(), line: None, cause });
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if text.is_empty() {
        let cause = "expected GeoJSON or CSV, found an empty file".into();
        return Err(ImportError::Unreadable { file: path.display().to_string(), line: None, cause });
    }
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    Ok(if matches!(first, Some(b'{' | b'[' | 0x1e)) { Format::GeoJson } else { Format::Csv })
}

/// How often a byte occurs.
pub(super) fn count_of(byte: u8, bytes: &[u8]) -> u64 {
    bytes.split(|other| *other == byte).count() as u64 - 1
}

/// A fault of the file itself.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> ImportError {
    ImportError::Unreadable { file: path.display().to_string(), line: None, cause: error.to_string() }
}

struct Counted {
    inner: File,
    bytes_read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes_read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Fails where `io::Take` would end quietly: a file that is too large must not become half an import.
struct Limited {
    inner: Box<dyn Read + Send>,
    left: u64,
    max_bytes: u64,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::other(format!("larger than {} bytes unpacked: divide the file", self.max_bytes))
        })?;
        Ok(read)
    }
}
