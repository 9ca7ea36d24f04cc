//! The command line. Every option has an environment variable of the same name: `--as-of` is `BANDOSO_AS_OF`.

#![allow(clippy::doc_markdown, reason = "these comments are the text of --help")]

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Bản đồ số: a provincial digital map.
///
/// Department points joined with dated administrative boundaries, served as vector tiles and spatial queries.
///
/// Exit codes: 0 done; 1 the data has findings (--strict, check); 2 wrong usage; 3 the store cannot be reached; 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "bandoso", version)]
pub struct Cli {
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
    /// What all commands share.
    #[command(flatten)]
    pub shared: Shared,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Shared {
    /// Where the data is: FILE.gpkg, or postgres://…
    #[arg(long, env = "BANDOSO_STORE", default_value = "bandoso.gpkg", global = true, value_name = "URL")]
    pub store: String,
    /// The map's own data: catalogue.toml and layers/ID.toml. Without it, the built-in demonstration province
    #[arg(long, env = "BANDOSO_TILES", global = true, value_name = "DIR")]
    pub tiles: Option<PathBuf>,
    /// How the log is written to the standard error
    #[arg(long, env = "BANDOSO_LOG_FORMAT", default_value = "text", global = true)]
    pub log_format: LogFormat,
    /// What is logged, such as warn or bandoso=debug (also RUST_LOG)
    #[arg(long, env = "BANDOSO_LOG", global = true, value_name = "FILTER")]
    pub log: Option<String>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the map, the tiles and the queries (phục vụ bản đồ)
    Serve(ServeArgs),
    /// Import points of a layer from files of many formats (nhập dữ liệu điểm)
    Import(Box<ImportArgs>),
    /// Export a layer into a file of another program's format (xuất dữ liệu)
    Export(ExportArgs),
    /// List who wrote what, or show one batch (lịch sử ghi dữ liệu)
    Batches(BatchesArgs),
    /// Undo a batch: an import, edits, or an undoing (hoàn tác)
    Undo(UndoArgs),
    /// Administrative units (đơn vị hành chính)
    Units(UnitsArgs),
    /// Print the findings of stored data and catalogue; exit 1 on any (kiểm tra dữ liệu)
    Check,
    /// Print one tile as readable text
    Tile(TileArgs),
    /// Fill an empty store with the demonstration province (dữ liệu minh hoạ)
    Demo,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// On loopback everything is shown to callers on this machine; on any other address only public layers
    #[arg(long, env = "BANDOSO_LISTEN", default_value = "127.0.0.1:8080", value_name = "HOST:PORT")]
    pub listen: String,
    /// Memory for encoded tiles that are kept, MiB; 0 keeps none
    #[arg(long, env = "BANDOSO_CACHE_MB", default_value_t = 128, value_parser = clap::value_parser!(u64).range(..=1 << 20), value_name = "MIB")]
    pub cache_mb: u64,
}

/// Options of `import`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line, which has no better type")]
pub struct ImportArgs {
    /// The layer, such as police.incidents
    #[arg(long, env = "BANDOSO_LAYER", value_name = "ID")]
    pub layer: String,
    /// CSV, XLSX, XLS, ODS, GeoJSON (one feature a line too), shapefile (.shp or .zip), GeoPackage, FlatGeobuf, KML; text as .gz too
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Reference system of the coordinates: EPSG:4326, 3857, VN-2000 as EPSG:4756, 5896-5899, 9205-9218, 3405, 3406 or as
    /// "TM3 108°15'"; without it what the file says, else EPSG:4326
    #[arg(long, env = "BANDOSO_CRS", value_name = "EPSG:n")]
    pub crs: Option<String>,
    /// Whether the first of two coordinates (X) is the easting or the northing; without it by the columns' names, and X and Y
    /// of a grid are the northing and the easting, as surveyors write them
    #[arg(long, env = "BANDOSO_XY", value_name = "east-north|north-east")]
    pub xy: Option<String>,
    /// The reference system and the order are right: findings that speak against them no longer refuse the file
    #[arg(long, env = "BANDOSO_SURE", value_parser = BoolishValueParser::new())]
    pub sure: bool,
    /// Columns that name a row's commune, district, province or unit, if not called xã, huyện, tỉnh, đơn vị, …; many times, or
    /// divided by ;
    #[arg(long, env = "BANDOSO_UNIT", value_name = "[LEVEL=]COL", value_delimiter = ';')]
    pub unit: Vec<String>,
    /// Place rows without a position in the middle of the unit that they name; a field geocode_quality says so
    #[arg(long, env = "BANDOSO_GEOCODE", value_name = "unit")]
    pub geocode: Option<String>,
    /// Column of the longitude, if not called lon, longitude, x, kinh độ, …
    #[arg(long, env = "BANDOSO_X", value_name = "COL")]
    pub x: Option<String>,
    /// Column of the latitude, if not called lat, latitude, y, vĩ độ, …
    #[arg(long, env = "BANDOSO_Y", value_name = "COL")]
    pub y: Option<String>,
    /// Take FIELD (or id) from the column or property COL; many times, or divided by ;
    #[arg(long, env = "BANDOSO_MAP", value_name = "FIELD=COL", value_delimiter = ';')]
    pub map: Vec<String>,
    /// How this sender's files are written, kept in FILE by --save-mapping; the other options go before it (tệp ánh xạ cột)
    #[arg(long, env = "BANDOSO_MAPPING", value_name = "FILE.toml")]
    pub mapping: Option<PathBuf>,
    /// Write how the first file was understood to FILE, to be corrected and given back as --mapping
    #[arg(long, env = "BANDOSO_SAVE_MAPPING", value_name = "FILE.toml")]
    pub save_mapping: Option<PathBuf>,
    /// Sign before decimals, if each column's own is not to be guessed (dấu thập phân)
    #[arg(long, env = "BANDOSO_DECIMAL", value_name = "point|comma")]
    pub decimal: Option<String>,
    /// Order of dates of numbers, if each column's own is not to be guessed (thứ tự ngày tháng)
    #[arg(long, env = "BANDOSO_DATES", value_name = "day-first|month-first")]
    pub dates: Option<String>,
    /// Encoding of the text, if it is not to be guessed: utf-8, utf-16le, utf-16be, windows-1258, tcvn3, vni, windows-1252 (bảng mã)
    #[arg(long, env = "BANDOSO_ENCODING", value_name = "NAME")]
    pub encoding: Option<String>,
    /// What divides the columns of a CSV file, if it is not to be guessed: a character, or tab (dấu phân cách)
    #[arg(long, env = "BANDOSO_DELIMITER", value_name = "CHAR")]
    pub delimiter: Option<String>,
    /// Sheet of a spreadsheet, by name or number from 1; without it the first one shown (trang tính)
    #[arg(long, env = "BANDOSO_SHEET", value_name = "SHEET")]
    pub sheet: Option<String>,
    /// Row that has the columns' names, from 1, if it is not to be found (dòng tiêu đề)
    #[arg(long, env = "BANDOSO_HEADER_ROW", value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub header_row: Option<u64>,
    /// Table of a GeoPackage, or shapefile of a zip, that has several (bảng)
    #[arg(long, env = "BANDOSO_TABLE", value_name = "NAME")]
    pub table: Option<String>,
    /// Write nothing and exit 1 when there is any finding (a column without a field is none)
    #[arg(long, env = "BANDOSO_STRICT", value_parser = BoolishValueParser::new())]
    pub strict: bool,
    /// Do everything but the commit, and show how the files were understood, ten rows and the findings (chạy thử)
    #[arg(long, env = "BANDOSO_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub dry_run: bool,
    /// Who imports, for the history; the user of the operating system where not given
    #[arg(long, env = "BANDOSO_WHO", value_name = "NAME")]
    pub who: Option<String>,
    /// Remove the features that a sender numbered or named before and that these files do not name; shows first how many
    #[arg(long, env = "BANDOSO_REPLACE", value_parser = BoolishValueParser::new())]
    pub replace: bool,
    /// Remove them without asking: needed where there is no terminal to ask on
    #[arg(long, env = "BANDOSO_YES", value_parser = BoolishValueParser::new())]
    pub yes: bool,
    /// Write every finding to FILE, one JSON object a line
    #[arg(long, env = "BANDOSO_FINDINGS", value_name = "FILE")]
    pub findings: Option<PathBuf>,
    /// Write the rows that are left out to FILE as CSV, in the sender's columns and with the reasons, to be corrected and sent again
    #[arg(long, env = "BANDOSO_REJECTS", value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Write what was done to FILE as JSON: rows, findings, and how the files were read
    #[arg(long, env = "BANDOSO_REPORT", value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Options of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The layer, such as police.incidents; for tiles several with commas: police.incidents,units.commune
    #[arg(long, env = "BANDOSO_LAYER", value_name = "ID")]
    pub layer: String,
    /// geojson, ndjson, geojsonseq, csv, xlsx, gpkg, fgb, parquet or pmtiles; without it the file's ending tells
    #[arg(long, env = "BANDOSO_FORMAT", value_name = "F")]
    pub format: Option<String>,
    /// The file, with FILE.provenance.json beside it; - is the standard output, for text
    #[arg(short, long, env = "BANDOSO_OUTPUT", value_name = "FILE")]
    pub output: PathBuf,
    /// Only features for which this CQL2 text is true
    #[arg(long, env = "BANDOSO_FILTER", value_name = "CQL2", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Only features whose time is in it: from/to, the end not included
    #[arg(long, env = "BANDOSO_DATETIME", value_name = "INTERVAL")]
    pub datetime: Option<String>,
    /// The units' date; without it each feature's own
    #[arg(long, env = "BANDOSO_AS_OF", value_name = "DATE")]
    pub as_of: Option<String>,
    /// Only features in this box of degrees
    #[arg(long, env = "BANDOSO_BBOX", value_name = "W,S,E,N", allow_hyphen_values = true)]
    pub bbox: Option<String>,
    /// Reference system of the coordinates, such as EPSG:5898; longitude or easting always comes first
    #[arg(long, env = "BANDOSO_CRS", value_name = "EPSG:n", default_value = "CRS84")]
    pub crs: String,
    /// Only these fields, unit among them; id and position are always there
    #[arg(long, env = "BANDOSO_FIELDS", value_name = "FIELD", value_delimiter = ',')]
    pub fields: Vec<String>,
    /// CSV for Excel: with a byte order mark, and an apostrophe before texts that it would run as formulas
    #[arg(long, env = "BANDOSO_BOM", value_parser = BoolishValueParser::new())]
    pub bom: bool,
    /// XLSX with a second row of titles in Vietnamese and English
    #[arg(long, env = "BANDOSO_TITLES", value_parser = BoolishValueParser::new())]
    pub titles: bool,
    /// First and last zoom of tiles
    #[arg(long, env = "BANDOSO_ZOOM", value_name = "MIN-MAX")]
    pub zoom: Option<String>,
    /// Tiles with every point where they are dense, or with counts of cells
    #[arg(long, env = "BANDOSO_DENSE", value_name = "all|cells")]
    pub dense: Option<String>,
}

/// Options of `batches`.
#[derive(Debug, Args)]
pub struct BatchesArgs {
    /// Only batches of this layer
    #[arg(long, env = "BANDOSO_LAYER", value_name = "ID")]
    pub layer: Option<String>,
    /// How many at most, the newest first
    #[arg(long, env = "BANDOSO_LIMIT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000), value_name = "N")]
    pub limit: u32,
    /// What is asked; a list where not given.
    #[command(subcommand)]
    pub command: Option<BatchesCommand>,
}

/// The commands about batches.
#[derive(Debug, Subcommand)]
pub enum BatchesCommand {
    /// List batches: id, time, layer, kind, who, counts, files; tabs between
    List,
    /// Show one batch and its rows: how they were before
    Show {
        /// Its number
        id: u64,
    },
}

/// Options of `undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The batch's number, see `bandoso batches`
    pub id: u64,
    /// Who undoes it, for the history; the user of the operating system where not given
    #[arg(long, env = "BANDOSO_WHO", value_name = "NAME")]
    pub who: Option<String>,
}

/// Options of `units`.
#[derive(Debug, Args)]
pub struct UnitsArgs {
    /// What is to be done with units.
    #[command(subcommand)]
    pub command: UnitsCommand,
}

/// The commands about units.
#[derive(Debug, Subcommand)]
pub enum UnitsCommand {
    /// Import units (GeoJSON) and tables of their changes (CSV)
    Import(UnitsImportArgs),
    /// List units: level, code, full name, first day, first day after, parent; tabs between
    List(UnitsListArgs),
    /// What became of a unit, or what it was made of
    Convert(UnitsConvertArgs),
}

/// Options of `units import`.
#[derive(Debug, Args)]
pub struct UnitsImportArgs {
    /// Units as GeoJSON; changes as CSV with old_code, new_code, share, new_valid_from
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What valid_to is: the last day in force (inclusive), the first day after it (exclusive), or by whether it ends a month
    #[arg(long, env = "BANDOSO_VALID_TO", default_value = "auto", value_name = "auto|inclusive|exclusive")]
    pub valid_to: String,
    /// Check everything and write nothing
    #[arg(long, env = "BANDOSO_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub dry_run: bool,
    /// Write every finding to FILE, one JSON object a line
    #[arg(long, env = "BANDOSO_FINDINGS", value_name = "FILE")]
    pub findings: Option<PathBuf>,
    /// Write nothing and exit 1 when there is any finding
    #[arg(long, env = "BANDOSO_STRICT", value_parser = BoolishValueParser::new())]
    pub strict: bool,
}

/// Options of `units list`.
#[derive(Debug, Args)]
pub struct UnitsListArgs {
    /// Only units in force on this day
    #[arg(long, env = "BANDOSO_AS_OF", value_name = "DATE")]
    pub as_of: Option<String>,
    /// Only units of this level
    #[arg(long, env = "BANDOSO_LEVEL", value_name = "province|district|commune")]
    pub level: Option<String>,
}

/// Options of `units convert`.
#[derive(Debug, Args)]
pub struct UnitsConvertArgs {
    /// The unit's code on the day --from
    pub code: String,
    /// A day on which the code was in force
    #[arg(long, env = "BANDOSO_FROM", value_name = "DATE")]
    pub from: String,
    /// The day whose units are asked for
    #[arg(long, env = "BANDOSO_TO", value_name = "DATE")]
    pub to: String,
    /// A place that picks one of several units
    #[arg(long, env = "BANDOSO_AT", value_name = "LON,LAT", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// The unit's level; without it the lowest that has the code
    #[arg(long, env = "BANDOSO_LEVEL", value_name = "province|district|commune")]
    pub level: Option<String>,
}

/// Options of `tile`.
#[derive(Debug, Args)]
pub struct TileArgs {
    /// One layer or several with commas: police.incidents,units.commune
    pub layers: String,
    /// Which tile
    #[arg(value_name = "Z/X/Y")]
    pub coord: String,
    /// The units' date
    #[arg(long, env = "BANDOSO_AS_OF", value_name = "DATE")]
    pub as_of: Option<String>,
    /// Only features whose time is in it
    #[arg(long, env = "BANDOSO_DATETIME", value_name = "INTERVAL")]
    pub datetime: Option<String>,
    /// A layer whose features are counted into the units
    #[arg(long, env = "BANDOSO_COUNT", value_name = "ID")]
    pub count: Option<String>,
    /// Draw every point where the tile is dense
    #[arg(long, env = "BANDOSO_DENSE", value_name = "all|cells", default_value = "cells")]
    pub dense: String,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_option_has_an_environment_variable_of_its_name() {
        fn check(command: &clap::Command) {
            for option in command.get_arguments().filter(|argument| argument.get_long().is_some()) {
                let name = option.get_long().unwrap();
                if name != "help" && name != "version" {
                    let expected = format!("BANDOSO_{}", name.to_uppercase().replace('-', "_"));
                    assert_eq!(option.get_env().and_then(|env| env.to_str()), Some(expected.as_str()));
                }
            }
            command.get_subcommands().for_each(check);
        }
        Cli::command().debug_assert();
        check(&Cli::command());
    }

    #[test]
    fn columns_are_mapped_one_by_one_or_divided_by_semicolons() {
        let line = ["bandoso", "import", "--layer", "a.b", "--map", "x=y z", "--map", "c=d;e=f", "file.csv"];
        let Command::Import(args) = Cli::parse_from(line).command else { panic!("no import") };
        assert_eq!(args.map, ["x=y z", "c=d", "e=f"]);
    }
}
