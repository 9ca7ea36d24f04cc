//! A number of metres: `585791.0051`, `585791,0051`, `1 672 370.10`, `1.672.370,10`, `1,672,370.10`.

use super::MAX_POSITION_BYTES;

/// Reads a number of metres. A sign that stands several times divides thousands; of two different ones the last is the decimal
/// sign; one alone is the decimal sign, for no grid's numbers are so small that it would make a difference unseen.
pub fn parse_metres(text: &str) -> Option<f64> {
    if text.len() > MAX_POSITION_BYTES {
        return None;
    }
    let text = text.trim();
    let text = text.strip_suffix('m').unwrap_or(text);
    let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '\'').collect();
    let (points, commas) = (plain.matches('.').count(), plain.matches(',').count());
    let number = match (points, commas) {
        (0 | 1, 0) => plain,
        (0, 1) => plain.replace(',', "."),
        (_, 0) => grouped(&plain, '.')?,
        (0, _) => grouped(&plain, ',')?,
        (_, 1) if plain.rfind(',') > plain.rfind('.') => decimal(&plain, '.', ',')?,
        (1, _) if plain.rfind('.') > plain.rfind(',') => decimal(&plain, ',', '.')?,
        _ => return None,
    };
    let good = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let value: f64 = if number.chars().all(good) { number.parse().ok()? } else { return None };
    value.is_finite().then_some(value)
}

fn decimal(text: &str, thousands: char, sign: char) -> Option<String> {
    let (whole, part) = text.split_once(sign)?;
    Some(format!("{}.{part}", grouped(whole, thousands)?))
}

/// Without the sign between thousands, which must stand before each three digits.
fn grouped(text: &str, sign: char) -> Option<String> {
    let mut groups = text.split(sign);
    let first = groups.next()?;
    let digits = first.trim_start_matches(['-', '+']);
    let good = (1..=3).contains(&digits.len()) && groups.all(|group| group.len() == 3);
    good.then(|| text.replace(sign, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metres_in_all_the_ways_that_people_type_them() {
        for (text, expected) in [
            ("585791.0051", 585_791.005_1),
            ("585791,0051", 585_791.005_1),
            ("1 672 370.10", 1_672_370.1),
            ("1.672.370,10", 1_672_370.1),
            ("1,672,370.10", 1_672_370.1),
            ("1.672.370", 1_672_370.0),
            ("1\u{a0}672\u{a0}370 m", 1_672_370.0),
            ("585.791,005", 585_791.005),
            ("-16740.47", -16_740.47),
            ("1.6723701E6", 1_672_370.1),
            ("585.791", 585.791),
        ] {
            assert_eq!(parse_metres(text), Some(expected), "{text}");
        }
        for text in
            ["", "m", "1.67.370", "1,672.370,1", "1672.370.12", "12.34,56,78", "NaN", "inf", "1e999", "15°", "--1"]
        {
            assert_eq!(parse_metres(text), None, "{text:?}");
        }
    }
}
