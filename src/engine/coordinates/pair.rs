//! Both coordinates in one text: `15.12, 108.8`, `15°22′32.7″N 109°06′00.5″E`, `15,12; 108,8`, `POINT(108.8 15.12)`.

use super::{Axis, MAX_POSITION_BYTES, parse_angle, parse_metres};
use crate::model::Invalid;

/// Which of two coordinates comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Longitude or easting.
    EastNorth,
    /// Latitude or northing, as surveyors' X and Y.
    NorthEast,
}

impl Order {
    /// Its name on command lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::EastNorth => "east-north",
            Self::NorthEast => "north-east",
        }
    }

    /// Reads the option `--xy`.
    pub fn parse(parameter: &str, text: &str) -> Result<Self, Invalid> {
        [Self::EastNorth, Self::NorthEast]
            .into_iter()
            .find(|order| order.name() == text.trim())
            .ok_or_else(|| Invalid::new(parameter, format!("east-north or north-east, found {text:?}")))
    }
}

/// Two coordinates of one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// As they stand.
    pub numbers: [f64; 2],
    /// What the text itself says about their order: by hemispheres, by its form, or because no latitude is over 90.
    pub order: Option<Order>,
}

/// Reads two coordinates, in degrees or in metres as asked. None where they are not two, or can be divided in two ways.
pub fn parse_pair(text: &str, in_metres: Metres) -> Option<Pair> {
    let text = text.trim();
    if text.len() > MAX_POSITION_BYTES {
        return None;
    }
    if let Some(numbers) = well_known(text) {
        return Some(Pair { numbers, order: Some(Order::EastNorth) });
    }
    let text = text.strip_prefix(['(', '[']).and_then(|text| text.strip_suffix([')', ']'])).unwrap_or(text).trim();
    divisions(text).into_iter().find_map(|(first, second)| match in_metres {
        Metres::Yes => Some(Pair { numbers: [parse_metres(first)?, parse_metres(second)?], order: None }),
        Metres::No => angles(first, second),
    })
}

/// Whether coordinates are metres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metres {
    /// Of a grid.
    Yes,
    /// They are degrees.
    No,
}

fn angles(first: &str, second: &str) -> Option<Pair> {
    let (a, b) = (parse_angle(first)?, parse_angle(second)?);
    let order = match (a.axis, b.axis) {
        (Some(Axis::Latitude), Some(Axis::Longitude)) => Some(Order::NorthEast),
        (Some(Axis::Longitude), Some(Axis::Latitude)) => Some(Order::EastNorth),
        (None, None) if a.degrees.abs() > 90.0 && b.degrees.abs() <= 90.0 => Some(Order::EastNorth),
        (None, None) if b.degrees.abs() > 90.0 && a.degrees.abs() <= 90.0 => Some(Order::NorthEast),
        (None, None) => None,
        _ => return None,
    };
    Some(Pair { numbers: [a.degrees, b.degrees], order })
}

/// The ways to divide a text in two, the plainest first.
fn divisions(text: &str) -> Vec<(&str, &str)> {
    let mut ways = Vec::new();
    for sign in [";", "|", "/", "\t", ", ", ","] {
        let mut parts = text.split(sign);
        if let (Some(first), Some(second), None) = (parts.next(), parts.next(), parts.next()) {
            ways.push((first, second));
        }
    }
    ways.extend(behind_hemisphere(text));
    // By spaces only into halves of as many words: 15 22 32.7 109 06 00.5.
    let starts: Vec<usize> = words(text);
    if starts.len().is_multiple_of(2) {
        ways.extend(starts.get(starts.len() / 2).and_then(|middle| text.split_at_checked(*middle)));
    }
    ways
}

/// Behind the first of two hemispheres, or before the second.
fn behind_hemisphere(text: &str) -> Option<(&str, &str)> {
    let is_letter = |c: char| c.is_alphabetic() && !matches!(c, 'd' | 'º');
    let starts_with_one = text.starts_with(is_letter);
    let mut letters = text.char_indices().filter(|(_, c)| is_letter(*c)).skip(usize::from(starts_with_one));
    let (at, letter) = letters.next()?;
    let cut = if starts_with_one { at } else { at + letter.len_utf8() };
    text.split_at_checked(cut).map(|(first, second)| (first, second.trim_start_matches([',', ';', '-', ' '])))
}

/// Where the words of a text begin.
fn words(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut was_space = true;
    for (at, c) in text.char_indices() {
        if was_space && !c.is_whitespace() {
            starts.push(at);
        }
        was_space = c.is_whitespace();
    }
    starts
}

/// The two first numbers of a well-known text `POINT (x y)`, with or without a reference system, height and measure.
fn well_known(text: &str) -> Option<[f64; 2]> {
    let upper = text.to_ascii_uppercase();
    let text = if upper.starts_with("SRID=") { upper.split_once(';')?.1 } else { &upper };
    let rest = text.trim_start().strip_prefix("POINT")?.trim_start();
    let rest = ["ZM", "Z", "M"].into_iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest).trim();
    let inside = rest.strip_prefix('(')?.strip_suffix(')')?;
    let numbers: Vec<f64> = inside.split_whitespace().map(|word| word.parse().ok()).collect::<Option<_>>()?;
    match numbers.as_slice() {
        [x, y] | [x, y, _] | [x, y, _, _] if x.is_finite() && y.is_finite() => Some([*x, *y]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_coordinates_stand_in_one_text_in_many_ways() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let (lat, lon) = (15.0 + 22.0 / 60.0 + 32.7 / 3600.0, 109.0 + 6.0 / 60.0 + 0.5 / 3600.0);
        for text in [
            "15°22′32.7″N 109°06′00.5″E",
            "15°22′32.7″N, 109°06′00.5″E",
            "15°22′32,7″B – 109°06′00,5″Đ".replace('–', "-").as_str(),
            "N15°22′32.7″ E109°06′00.5″",
            "15 22 32.7 109 06 00.5",
            "15 22 32.7, 109 06 00.5",
            "15° 22' 32.7\" 109° 6' 0.5\"",
        ] {
            let found = parse_pair(text, Metres::No).unwrap_or_else(|| panic!("{text}"));
            assert!(near(found.numbers[0], lat) && near(found.numbers[1], lon), "{text}: {found:?}");
            assert_eq!(found.order, Some(Order::NorthEast), "{text}");
        }
        for (text, numbers, order) in [
            ("15.12, 108.8", [15.12, 108.8], Some(Order::NorthEast)),
            ("108.8,15.12", [108.8, 15.12], Some(Order::EastNorth)),
            ("(15.12; 108.8)", [15.12, 108.8], Some(Order::NorthEast)),
            ("15,12 108,8", [15.12, 108.8], Some(Order::NorthEast)),
            ("15,12; 108,8", [15.12, 108.8], Some(Order::NorthEast)),
            ("15,12, 108,8", [15.12, 108.8], Some(Order::NorthEast)),
            ("40.5 45.5", [40.5, 45.5], None),
            ("POINT(108.8 15.12)", [108.8, 15.12], Some(Order::EastNorth)),
            ("srid=4756;Point Z (40.5 15.12 3)", [40.5, 15.12], Some(Order::EastNorth)),
        ] {
            assert_eq!(parse_pair(text, Metres::No), Some(Pair { numbers, order }), "{text}");
        }
        for text in ["1672370.10; 585791.00", "1.672.370,10 585.791,00", "1 672 370,10; 585 791,00"] {
            let found = parse_pair(text, Metres::Yes).map(|pair| pair.numbers);
            assert_eq!(found, Some([1_672_370.1, 585_791.0]), "{text}");
        }
    }

    #[test]
    fn one_coordinate_or_three_are_no_pair() {
        for text in
            ["", "15.12", "15,12,108,8", "1 2 3", "N15 N16", "15N 16", "POINT EMPTY", "POINT(1)", "POINT(a b)", "a, b"]
        {
            assert_eq!(parse_pair(text, Metres::No), None, "{text:?}");
        }
    }
}
