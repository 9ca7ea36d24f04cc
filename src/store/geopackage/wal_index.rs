//! What programs share that have the file open: the index of its write-ahead log (`-shm`), which has the size of the file as well.
//! A backup of another size that is copied over the file reads as damaged by it, or what is written to it can never leave the log.
//! SQLite makes the index anew when the first program opens a file that none has open.

use std::path::Path;

use super::beside::Beside;

/// Two copies of the header (48 bytes each), and how many frames of the log are in the file.
/// <https://www.sqlite.org/walformat.html#the_wal_index_header>
const HEAD: usize = 100;

/// Whether the index is of a file of another size: all of the log is in the file, and that has not the pages that it is to have.
pub(super) fn is_of_another(beside: &Beside, path: &Path) -> bool {
    // What is read between two writes of another program is nothing to go by.
    (0..2).all(|_| {
        expected_bytes(beside).is_some_and(|bytes| std::fs::metadata(path).is_ok_and(|now| now.len() != bytes))
    })
}

/// The size that the file is to have; none where there is no index, part of the log is not in the file yet, or nothing was written.
fn expected_bytes(beside: &Beside) -> Option<u64> {
    let head: [u8; HEAD] = beside.index_head()?;
    let number = |at: usize| head.get(at..)?.first_chunk::<4>().map(|bytes| u32::from_ne_bytes(*bytes));
    let (first, second) = (head.get(..48)?, head.get(48..96)?);
    let page_size = u16::from_ne_bytes(*head.get(14..)?.first_chunk::<2>()?);
    let (frames, pages, in_file) = (number(16)?, number(20)?, number(96)?);
    if first != second || head.get(12) != Some(&1) || frames != in_file || pages == 0 {
        return None;
    }
    // 65,536 does not go into its two bytes.
    Some(u64::from(pages) * if page_size == 1 { 65_536 } else { u64::from(page_size) })
}
