//! Columns typed in old Vietnamese fonts, in formats that store Unicode: the letters stored are those that the font replaced.

use super::produced::OwnedCell;
use crate::import::encoding::{Encoding, guess_text};

/// Records by which the fonts of columns are guessed.
pub(super) const SAMPLE_RECORDS: usize = 1_000;
/// Bytes of a column that are looked at.
const SAMPLE_BYTES: usize = 64 * 1024;

/// The font of each column.
#[derive(Default)]
pub(super) struct Fonts {
    told: Option<Encoding>,
    columns: Vec<Option<Encoding>>,
}

impl Fonts {
    /// Takes the encoding of all columns from the caller.
    pub fn told(&mut self, encoding: Option<Encoding>) {
        self.told = encoding;
    }

    /// Guesses each column's font by the first records, and reads the columns' names by it; gives what was guessed.
    pub fn guess<'a, R: Iterator<Item = &'a Vec<OwnedCell>>>(
        &mut self,
        columns: &mut [String],
        records: impl Fn() -> R,
    ) -> Vec<Option<Encoding>> {
        let mut names: Option<Encoding> = None;
        self.columns = match self.told {
            Some(told) => vec![Some(told); columns.len()],
            None => (0..columns.len()).map(|column| guess_text(&sample(column, records()))).collect(),
        };
        if self.told.is_none() {
            names = guess_text(&columns.join(" "));
        }
        for (name, font) in columns.iter_mut().zip(&self.columns) {
            let own = guess_text(name).or(names).filter(|_| !name.is_ascii());
            if let Some(font) = self.told.or(own).or(*font) {
                *name = font.reread(name).into_owned();
            }
        }
        self.columns.clone()
    }

    /// Reads texts as what their font shows.
    pub fn reread(&self, cells: &mut [OwnedCell]) {
        for (cell, font) in cells.iter_mut().zip(&self.columns) {
            if let (OwnedCell::Text(text), Some(font)) = (cell, font)
                && !text.is_ascii()
            {
                *text = font.reread(text).into_owned();
            }
        }
    }
}

fn sample<'a>(column: usize, records: impl Iterator<Item = &'a Vec<OwnedCell>>) -> String {
    let mut sample = String::new();
    for cells in records {
        if let Some(OwnedCell::Text(text)) = cells.get(column)
            && !text.is_ascii()
        {
            sample.push_str(text);
            sample.push(' ');
        }
        if sample.len() > SAMPLE_BYTES {
            break;
        }
    }
    sample
}
