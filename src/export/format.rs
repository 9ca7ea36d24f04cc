use std::path::Path;

use crate::model::Invalid;

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One `GeoJSON` collection (RFC 7946).
    GeoJson,
    /// One `GeoJSON` feature a line.
    GeoJsonLines,
    /// One `GeoJSON` feature a record of a JSON text sequence (RFC 8142).
    GeoJsonSequence,
    /// CSV (RFC 4180).
    Csv,
    /// An Excel workbook.
    Xlsx,
    /// `GeoPackage` 1.3, with its spatial index.
    GeoPackage,
    /// `FlatGeobuf`, with its index.
    FlatGeobuf,
    /// `GeoParquet` 1.1.
    GeoParquet,
}

/// What is told of a format.
struct Told {
    format: Format,
    /// Its name on command lines and in `f=`, then other names of it.
    names: &'static [&'static str],
    /// Endings of its files, the usual one first.
    extensions: &'static [&'static str],
    media: &'static str,
}

const TOLD: [Told; 8] = [
    Told {
        format: Format::GeoJson,
        names: &["geojson", "json"],
        extensions: &["geojson", "json"],
        media: "application/geo+json",
    },
    Told {
        format: Format::GeoJsonLines,
        names: &["ndjson", "geojsonl", "jsonl"],
        extensions: &["ndjson", "geojsonl", "jsonl"],
        media: "application/x-ndjson",
    },
    Told {
        format: Format::GeoJsonSequence,
        names: &["geojsonseq"],
        extensions: &["geojsons", "geojsonseq"],
        media: "application/geo+json-seq",
    },
    Told {
        format: Format::Csv,
        names: &["csv"],
        extensions: &["csv"],
        media: "text/csv; charset=utf-8; header=present",
    },
    Told {
        format: Format::Xlsx,
        names: &["xlsx"],
        extensions: &["xlsx"],
        media: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    },
    Told {
        format: Format::GeoPackage,
        names: &["gpkg", "geopackage"],
        extensions: &["gpkg"],
        media: "application/geopackage+sqlite3",
    },
    Told {
        format: Format::FlatGeobuf,
        names: &["fgb", "flatgeobuf"],
        extensions: &["fgb"],
        media: "application/flatgeobuf",
    },
    Told {
        format: Format::GeoParquet,
        names: &["parquet", "geoparquet"],
        extensions: &["parquet", "geoparquet"],
        media: "application/vnd.apache.parquet",
    },
];

impl Format {
    /// All formats.
    pub const ALL: [Self; TOLD.len()] = {
        let mut all = [Self::GeoJson; TOLD.len()];
        let mut index = 0;
        while index < TOLD.len() {
            all[index] = TOLD[index].format;
            index += 1;
        }
        all
    };

    /// The format of this name.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        let known = TOLD.iter().find(|told| told.names.contains(&text.to_ascii_lowercase().as_str()));
        known.map(|told| told.format).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|format| format.name()).collect();
            Invalid::new(parameter, format!("one of {}, found {text:.64?}", names.join(", ")))
        })
    }

    /// The format that a file's ending tells.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        TOLD.iter().find(|told| told.extensions.contains(&extension.as_str())).map(|told| told.format)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.told().map_or("", |told| told.names.first().copied().unwrap_or_default())
    }

    /// The ending of its files.
    pub fn extension(self) -> &'static str {
        self.told().map_or("", |told| told.extensions.first().copied().unwrap_or_default())
    }

    /// Its media type.
    pub fn media(self) -> &'static str {
        self.told().map_or("", |told| told.media)
    }

    /// Whether it is text: such a file can go to a terminal or a pipe, and gets smaller when packed.
    pub fn is_text(self) -> bool {
        matches!(self, Self::GeoJson | Self::GeoJsonLines | Self::GeoJsonSequence | Self::Csv)
    }

    /// Whether it is written from its first byte to its last, so that it can be sent while it is made.
    pub fn is_streamed(self) -> bool {
        self.is_text() || self == Self::GeoParquet
    }

    fn told(self) -> Option<&'static Told> {
        TOLD.iter().find(|told| told.format == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_known_by_its_names_and_by_the_ending_of_a_file() {
        for format in Format::ALL {
            assert_eq!(Format::parse("--format", format.name()), Ok(format));
            assert_eq!(Format::of_path(Path::new(&format!("a.{}", format.extension()))), Some(format));
            assert!(!format.media().is_empty(), "{format:?}");
        }
        assert_eq!(Format::of_path(Path::new("a/b.GEOJSON")), Some(Format::GeoJson));
        assert_eq!(Format::of_path(Path::new("csv")), None);
        assert_eq!(Format::parse("--format", "shp").unwrap_err().parameter, "--format");
    }
}
