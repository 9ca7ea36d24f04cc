//! What every reader of files gives, and all that rows are made from: records of cells under named columns.

use std::borrow::Cow;

use jiff::civil::DateTime;
use serde_json::Value as Json;

use super::ImportError;
use super::encoding::Encoding;
use super::fault::Fault;
use super::read::ReadOptions;

/// Most columns of a file, as many as a spreadsheet can have.
pub const MAX_COLUMNS: usize = 16_384;

/// One cell as its file has it: text where the format knows nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cell<'a> {
    /// Nothing is there.
    Null,
    Text(&'a str),
    Whole(i128),
    Number(f64),
    Boolean(bool),
    /// A day, or a time of a day, of a clock that nobody names.
    Local(DateTime),
    /// An array or object.
    Nested(&'a Json),
    /// An error that a spreadsheet shows instead of a value, such as `#N/A`.
    Broken(&'a str),
}

impl<'a> Cell<'a> {
    /// A JSON value as a cell.
    pub fn of_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Boolean(*value),
            Json::String(text) => Self::Text(text),
            Json::Number(number) => match (number.as_i128(), number.as_f64()) {
                (Some(whole), _) => Self::Whole(whole),
                (None, Some(number)) => Self::Number(number),
                (None, None) => Self::Nested(json),
            },
            Json::Array(_) | Json::Object(_) => Self::Nested(json),
        }
    }

    /// The cell as text, as a person would type it; nothing where nothing is.
    pub fn text(self) -> Cow<'a, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Text(text) | Self::Broken(text) => Cow::Borrowed(text),
            Self::Whole(number) => Cow::Owned(number.to_string()),
            // JSON's own spelling: 1e300, not 300 zeros.
            Self::Number(number) => Cow::Owned(Json::from(number).to_string()),
            Self::Boolean(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Self::Local(at) if at.time() == jiff::civil::Time::midnight() => Cow::Owned(at.date().to_string()),
            Self::Local(at) => Cow::Owned(at.to_string()),
            Self::Nested(json) => Cow::Owned(json.to_string()),
        }
    }

    /// Whether nothing is there, or nothing but white space.
    pub fn is_blank(self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.chars().all(super::text::is_space),
            _ => false,
        }
    }
}

/// The cells of one record, by their columns.
pub(super) trait Cells {
    /// The cell in a column; null where the record has none.
    fn cell(&self, column: usize) -> Cell<'_>;
}

/// The geometry of a record before its place on earth is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RawGeometry {
    /// The record has none, or its format has no geometries.
    None,
    /// A point in the reference system of the file, the number that stands first being `x`.
    Point { x: f64, y: f64 },
    /// A geometry that is no point, or broken: what is wrong with it.
    Unfit(Fault),
}

/// One row or feature of a file.
pub(super) struct Record<'a> {
    /// Line on which it begins, or its number in a file without lines; from 1.
    pub line: u64,
    /// The id that the format itself gives it, outside all columns.
    pub id: Cell<'a>,
    /// The columns met so far.
    pub columns: &'a [String],
    /// What it holds, as the sender wrote it.
    pub cells: &'a dyn Cells,
    pub geometry: RawGeometry,
}

/// What a reader comes upon.
pub(super) enum Read<'a> {
    Record(Record<'a>),
    /// A record that cannot be read, unlike those behind it.
    Unreadable {
        line: u64,
        message: String,
    },
}

/// Whether all columns are known before the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    Whole,
    /// Records bring columns of their own, as in GeoJSON.
    Growing,
}

/// Where the positions of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PositionIn {
    Columns,
    Geometry,
}

/// A reference system as a file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileCrs {
    Epsg(u32),
    /// Well-known text, or whatever else names a system.
    Text(String),
}

/// What a reader knows about its file before the first record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// The format's name, as people say it.
    pub format: &'static str,
    pub header: Header,
    pub position: PositionIn,
    /// None where the file does not say.
    pub crs: Option<FileCrs>,
    /// How it is read, told or guessed.
    pub read_as: ReadOptions,
    /// The old font of each column, in formats that store Unicode; empty where there is none.
    pub fonts: Vec<Option<Encoding>>,
}

impl Source {
    /// A source that tells nothing but its format.
    pub fn new(format: &'static str, header: Header, position: PositionIn) -> Self {
        Self { format, header, position, crs: None, read_as: ReadOptions::default(), fonts: Vec::new() }
    }
}

/// A file being read: one record in memory at a time.
pub(super) trait Records {
    fn source(&self) -> Source;

    /// The columns met so far, in the order of the file.
    fn columns(&self) -> &[String];

    /// The next record; none at the end of the file. Fails where the file cannot be read to its end.
    fn next(&mut self) -> Result<Option<Read<'_>>, ImportError>;
}
