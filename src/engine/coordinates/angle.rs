//! One angle: `15.12`, `15,12`, `15°22′32.7″N`, `15 22 32.7`, `15d22'32"`, `N15.1234`, `108-44-03.5 E`, `108°44′03,5″Đ`.

use super::MAX_POSITION_BYTES;

/// What a hemisphere says about its angle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// North or south.
    Latitude,
    /// East or west.
    Longitude,
}

/// An angle in degrees, negative in the south and the west.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Angle {
    /// Degrees.
    pub degrees: f64,
    /// What its hemisphere says it is; none without one.
    pub axis: Option<Axis>,
}

/// Words for hemispheres, longest first where one begins another, in lower case; and the sign of their angles.
const HEMISPHERES: [(&str, Axis, f64); 20] = [
    ("north", Axis::Latitude, 1.0),
    ("south", Axis::Latitude, -1.0),
    ("east", Axis::Longitude, 1.0),
    ("west", Axis::Longitude, -1.0),
    ("bắc", Axis::Latitude, 1.0),
    ("bac", Axis::Latitude, 1.0),
    ("nam", Axis::Latitude, -1.0),
    ("đông", Axis::Longitude, 1.0),
    ("dông", Axis::Longitude, 1.0),
    ("dong", Axis::Longitude, 1.0),
    ("tây", Axis::Longitude, -1.0),
    ("tay", Axis::Longitude, -1.0),
    ("n", Axis::Latitude, 1.0),
    ("s", Axis::Latitude, -1.0),
    ("e", Axis::Longitude, 1.0),
    ("w", Axis::Longitude, -1.0),
    ("b", Axis::Latitude, 1.0),
    ("đ", Axis::Longitude, 1.0),
    ("ð", Axis::Longitude, 1.0),
    ("t", Axis::Longitude, -1.0),
];

/// Reads one angle. The text should be in Unicode NFC. None where it is no angle, or could be more than one.
pub fn parse_angle(text: &str) -> Option<Angle> {
    if text.len() > MAX_POSITION_BYTES {
        return None;
    }
    let lower = text.trim().to_lowercase();
    let (rest, hemisphere) = without_hemisphere(&lower)?;
    let (negative, rest) = match rest.strip_prefix(['-', '−', '–']) {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let degrees = magnitude(rest)?;
    match hemisphere {
        // −15 S would be north, or south said twice.
        Some(_) if negative => None,
        Some((axis, sign)) => Some(Angle { degrees: sign * degrees, axis: Some(axis) }),
        None => Some(Angle { degrees: if negative { -degrees } else { degrees }, axis: None }),
    }
}

/// The text without its hemisphere, which stands first or last. None with one at either end.
fn without_hemisphere(text: &str) -> Option<(&str, Option<(Axis, f64)>)> {
    let at_start = HEMISPHERES.iter().find_map(|(word, axis, sign)| Some((text.strip_prefix(word)?, (*axis, *sign))));
    let Some((rest, found)) = at_start else {
        // The last letter of `phút` is no west.
        let alone = |rest: &&str| !rest.ends_with(char::is_alphabetic);
        let at_end = HEMISPHERES
            .iter()
            .find_map(|(word, axis, sign)| Some((text.strip_suffix(word).filter(alone)?, (*axis, *sign))));
        return Some(at_end.map_or((text, None), |(rest, found)| (rest.trim_end_matches(END), Some(found))));
    };
    let rest = rest.trim_start_matches([' ', ':', '=', '.']);
    rest.starts_with(|first: char| first.is_ascii_digit()).then_some((rest, Some(found)))
}

const END: [char; 3] = [' ', '.', '\u{a0}'];

/// What stands behind a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Degrees,
    Minutes,
    Seconds,
    /// A space, a dash, a colon, or the end.
    Plain,
}

/// Degrees from one to three numbers, of which only the last may have decimals.
fn magnitude(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut numbers: Vec<(f64, Mark)> = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(rest.len());
        let (number, after) = rest.split_at_checked(end)?;
        let is_last_with_decimals = number.contains(['.', ',']);
        let value = decimal(number)?;
        let (mark, after) = mark(after)?;
        numbers.push((value, mark));
        rest = after;
        if numbers.len() > 3 || (is_last_with_decimals && !rest.is_empty()) {
            return None;
        }
    }
    in_degrees(&numbers)
}

fn in_degrees(numbers: &[(f64, Mark)]) -> Option<f64> {
    let marks = [Mark::Degrees, Mark::Minutes, Mark::Seconds];
    let mut degrees = 0.0;
    for ((index, (value, mark)), (own, parts)) in numbers.iter().enumerate().zip(marks.iter().zip([1.0, 60.0, 3600.0]))
    {
        if (*mark != Mark::Plain && mark != own) || (index > 0 && *value >= 60.0) {
            return None;
        }
        degrees += value / parts;
    }
    (!numbers.is_empty()).then_some(degrees)
}

/// A number with a decimal point or comma, both of which is none.
fn decimal(text: &str) -> Option<f64> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let good = match text.split_once(['.', ',']) {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(text),
    };
    if good { text.replace(',', ".").parse().ok() } else { None }
}

/// The mark at the start of a text, and what comes after it and its spaces. None for anything else.
fn mark(text: &str) -> Option<(Mark, &str)> {
    const MARKS: [(&str, Mark); 21] = [
        ("°", Mark::Degrees),
        ("º", Mark::Degrees),
        ("˚", Mark::Degrees),
        ("độ", Mark::Degrees),
        ("deg", Mark::Degrees),
        ("d", Mark::Degrees),
        ("''", Mark::Seconds),
        ("′′", Mark::Seconds),
        ("’’", Mark::Seconds),
        ("″", Mark::Seconds),
        ("”", Mark::Seconds),
        ("“", Mark::Seconds),
        ("\"", Mark::Seconds),
        ("giây", Mark::Seconds),
        ("phút", Mark::Minutes),
        ("′", Mark::Minutes),
        ("’", Mark::Minutes),
        ("‘", Mark::Minutes),
        ("'", Mark::Minutes),
        ("´", Mark::Minutes),
        ("`", Mark::Minutes),
    ];
    let text = text.trim_start();
    if text.is_empty() {
        return Some((Mark::Plain, text));
    }
    if let Some((rest, mark)) = MARKS.iter().find_map(|(sign, mark)| Some((text.strip_prefix(sign)?, *mark))) {
        return Some((mark, rest.trim_start()));
    }
    let rest = text.strip_prefix(['-', ':', '–']).unwrap_or(text).trim_start();
    // A number must follow what divides numbers.
    rest.starts_with(|first: char| first.is_ascii_digit()).then_some((Mark::Plain, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<(f64, Option<Axis>)> {
        parse_angle(text).map(|angle| (angle.degrees, angle.axis))
    }

    #[test]
    fn one_angle_in_all_the_ways_that_people_type_it() {
        let expected = 15.0 + 22.0 / 60.0 + 32.7 / 3600.0;
        for text in [
            "15 22 32.7",
            "15 22 32,7",
            "15°22′32.7″",
            "15°22'32,7\"",
            "15º 22’ 32.7”",
            "15˚22’32.7’’",
            "15° 22' 32.7''",
            "15d22'32.7\"",
            "15-22-32.7",
            "15:22:32.7",
            "+15° 22 32.7",
            "15 độ 22 phút 32,7 giây",
        ] {
            assert_eq!(of(text), Some((expected, None)), "{text}");
        }
        for text in ["15°22′32.7″N", "N15°22′32.7″", "15 22 32,7 B", "15-22-32.7 Bắc", "N 15 22 32.7", "B: 15°22′32,7″"]
        {
            assert_eq!(of(text), Some((expected, Some(Axis::Latitude))), "{text}");
        }
        let east = 108.0 + 44.0 / 60.0 + 3.5 / 3600.0;
        for text in ["108-44-03.5 E", "108°44′03,5″Đ", "E108°44'03.5\"", "108 44 3.5 Đông", "108°44′03.5″ đ"]
        {
            assert_eq!(of(text), Some((east, Some(Axis::Longitude))), "{text}");
        }
        assert_eq!(of("15,1234"), Some((15.1234, None)));
        assert_eq!(of("N15.1234"), Some((15.1234, Some(Axis::Latitude))));
        assert_eq!(of("15.1234°B"), Some((15.1234, Some(Axis::Latitude))));
        assert_eq!(of("8°30'S"), Some((-8.5, Some(Axis::Latitude))));
        assert_eq!(of("8 độ 30 phút"), Some((8.5, None)));
        assert_eq!(of("8°30,6' Nam"), Some((-(8.0 + 30.6 / 60.0), Some(Axis::Latitude))));
        assert_eq!(of("-70.5"), Some((-70.5, None)));
        assert_eq!(of("−70°30'"), Some((-70.5, None)));
    }

    #[test]
    fn what_can_be_read_in_two_ways_or_in_none_is_no_angle() {
        for text in [
            "",
            " ",
            "N",
            "°",
            "15°60'",
            "15 22 60",
            "15.5°22'",
            "15 22.5 30",
            "15 22 32 7",
            "15,22,32",
            "1.512.345",
            "15'22",
            "15\"",
            "-15 S",
            "N15 S",
            "15 m",
            "abc",
            "NaN",
            "inf",
            "1e3",
            "15.",
            ".5",
            "15°22'32.7\"X",
            "15--22",
        ] {
            assert_eq!(of(text), None, "{text:?}");
        }
        assert_eq!(of(&"1".repeat(201)), None);
    }
}
