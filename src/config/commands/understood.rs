//! What people are told of how their files were understood.

use std::fmt::Write;

use crate::import::features::FirstRow;
use crate::import::{Because, ColumnGuess, DateOrder, Decimal, Guess, ReadOptions};

/// Longest value that is shown, in characters.
const SHOWN_CHARS: usize = 60;

/// A file in full: its format, each column, and what it goes into; in Vietnamese and English.
pub(super) fn guess(guess: &Guess) -> String {
    let mut told = String::new();
    let ReadOptions { encoding, delimiter, sheet, header_row, table } = &guess.read_as;
    let mut facts = vec![guess.format.to_owned()];
    facts.extend(encoding.map(|encoding| format!("bảng mã / encoding {encoding}")));
    facts.extend(delimiter.map(|c| format!("dấu phân cách / delimiter {c:?}")));
    facts.extend(sheet.as_ref().map(|sheet| format!("trang tính / sheet {sheet:?}")));
    facts.extend(table.as_ref().map(|table| format!("bảng / table {table:?}")));
    facts.extend(header_row.map(|row| format!("dòng tiêu đề / header row {row}")));
    facts.push(format!("hệ toạ độ / crs {}, {}", guess.crs, guess.xy));
    let all = if guess.is_whole { "tất cả / all" } else { "đầu tệp / the first" };
    let _ = writeln!(told, "{}: {}; {} dòng / rows ({all})", guess.file, facts.join(", "), guess.records);
    for each in &guess.columns {
        let _ = writeln!(told, "  {}", column(each));
    }
    told
}

fn column(column: &ColumnGuess) -> String {
    let name = if column.name.is_empty() { "(không tên / unnamed)" } else { &column.name };
    let examples: Vec<String> = column.examples.iter().map(|example| format!("{:?}", shortened(example))).collect();
    if column.goes_into.is_empty() {
        return format!("{name} → bỏ qua / left out: {}", examples.join(", "));
    }
    let mut why: Vec<String> = Vec::new();
    why.extend(column.because.map(|because| {
        match because {
            Because::Told => "đã khai / told",
            Because::Name => "theo tên / by name",
            Because::Title => "theo tiêu đề / by title",
            Because::Synonym => "tên thường dùng / usual name",
        }
        .to_owned()
    }));
    let doubt = if column.is_certain { "" } else { ", chưa chắc / not certain" };
    why.extend(column.decimal.map(|decimal| {
        let sign = match decimal {
            Decimal::Point => "dấu chấm thập phân / decimal point",
            Decimal::Comma => "dấu phẩy thập phân / decimal comma",
        };
        format!("{sign}{doubt}")
    }));
    why.extend(column.dates.map(|dates| {
        let order = match dates {
            DateOrder::DayFirst => "ngày trước / day first",
            DateOrder::MonthFirst => "tháng trước / month first",
        };
        format!("{order}{doubt}")
    }));
    why.extend(column.font.map(|font| format!("phông / font {font}")));
    why.extend(column.words.iter().take(5).map(|(word, code)| format!("{word:?} = {code}")));
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join("; ")) };
    format!("{name} → {}{why}: {}", column.goes_into.join(", "), examples.join(", "))
}

/// The first rows as they are stored.
pub(super) fn rows(rows: &[FirstRow]) -> String {
    let mut told = String::new();
    if !rows.is_empty() {
        told.push_str("Các dòng đầu sẽ được lưu như sau / The first rows as they would be stored:\n");
    }
    for row in rows {
        let id = row.id.as_deref().unwrap_or("(mới / new)");
        let values: Vec<String> =
            row.values.iter().map(|(field, value)| format!("{field}={}", shortened(value))).collect();
        let _ = writeln!(told, "  {}:{}: {id} [{}, {}] {}", row.file, row.line, row.lon, row.lat, values.join(", "));
    }
    told
}

/// Beside an import's answer: what was guessed that could be otherwise.
pub(super) fn notes(guesses: &[Guess], asked: &ReadOptions) -> String {
    let mut told = String::new();
    for guess in guesses {
        for note in guess.notes(asked) {
            let _ = writeln!(told, "{}: {note}", guess.file);
        }
    }
    told
}

fn shortened(text: &str) -> String {
    let one_line = text.replace(['\n', '\r', '\t'], " ");
    let short: String = one_line.chars().take(SHOWN_CHARS).collect();
    if short.len() < one_line.len() { short + "…" } else { short }
}
