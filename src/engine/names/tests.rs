//! Names of made-up layers and units, judged by looking at each.

use geo_types::MultiPolygon;
use proptest::prelude::*;

use super::*;
use crate::engine::made_up::{changed_parts, features, parts};
use crate::engine::parts::Parts;
use crate::engine::select::Selected;
use crate::engine::unit_map::UnitMap;
use crate::model::{Day, DayInterval, Feature, Fit, Level, LonLat, Unit, UnitChange, UnitId, Value};

/// The field of the made-up layer that has texts.
const TITLE: usize = 2;

fn titled(count: u64) -> Vec<Feature> {
    let words =
        ["Trường", "Thuỷ", "Thủy", "Ba Tơ", "Ba Tô", "Đắk Hà", "dak ha", "số 2", "H'Drai", "chợ", "An", "Anh", "–"];
    let mut features = features(count);
    for feature in &mut features {
        let word = |by: u64| words[(feature.id.wrapping_mul(by) / 7 % words.len() as u64) as usize];
        feature.values[TITLE] = match feature.id % 9 {
            0 => Value::Null,
            1 => Value::Text(word(3).to_owned()),
            2 => Value::Text(format!("{} {}", word(5), feature.id)),
            _ => Value::Text(format!("{} {} {}", word(11), word(13), word(17))),
        };
    }
    features
}

/// All fitting features in the order promised.
fn by_looking(features: &[Feature], asked: &AskedName, from: Option<LonLat>, most: usize) -> Vec<(u64, Fit)> {
    let mut found: Vec<(Fit, u64, String, &str, u64)> = Vec::new();
    for feature in features {
        let Some(Value::Text(text)) = feature.values.get(TITLE) else { continue };
        let Some(fit) = asked.fit(text) else { continue };
        match from {
            // Distances are not negative: their bits are in their order.
            Some(at) => {
                let distance_m = crate::engine::geodesic::distance_m(at, feature.at);
                found.push((fit, distance_m.to_bits(), String::new(), "", feature.id));
            }
            None => found.push((fit, 0, plain(text), text, feature.id)),
        }
    }
    found.sort_unstable();
    found.into_iter().take(most).map(|(fit, _, _, _, id)| (id, fit)).collect()
}

fn by_index(parts: &Parts, asked: &AskedName, from: Option<LonLat>, most: usize) -> Vec<(u64, Fit)> {
    let found = named(&Selected::everything(parts), TITLE, asked, from, most);
    found.into_iter().map(|found| (parts.id(found.row), found.fit)).collect()
}

#[test]
fn the_index_finds_what_looking_finds_however_the_layer_came_to_be() {
    let features = titled(3_000);
    let (loaded, changed) = (parts(&features), changed_parts(&features));
    for text in [
        "Thuỷ",
        "thuy",
        "ba to",
        "Ba Tô",
        "BA T",
        "to ba",
        "dak",
        "ha dak",
        "an",
        "a",
        "h",
        "drai",
        "hdrai",
        "so 2",
        "2",
        "17",
        "chợ An số",
        "uong",
        "truong thuy an",
        "khong co",
        "đăk hà",
    ] {
        let asked = AskedName::new("q", text).unwrap();
        for from in [None, Some(LonLat { lon: 108.8, lat: 15.1 })] {
            for most in [1, 7, 60] {
                let expected = by_looking(&features, &asked, from, most);
                assert_eq!(by_index(&loaded, &asked, from, most), expected, "{text} {from:?} {most}");
                assert_eq!(by_index(&changed, &asked, from, most), expected, "{text} {from:?} {most}, changed");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn whatever_is_asked_is_found_as_by_looking(text in "[a-zđơôắ '0-9]{1,9}") {
        let features = titled(400);
        if let Ok(asked) = AskedName::new("q", &text) {
            prop_assert_eq!(by_index(&parts(&features), &asked, None, 30), by_looking(&features, &asked, None, 30));
        }
    }
}

#[test]
fn what_has_no_letter_or_too_many_words_is_refused() {
    for text in ["", " ", "–", "'", &"a ".repeat(300), "a b c d e f g h i j k l m"] {
        assert_eq!(AskedName::new("q", text).expect_err(text).parameter, "q");
    }
}

const CHANGE: Day = Day(20_270);
const BEFORE: Day = Day(CHANGE.0 - 1);

/// (level, code, name, kind, parent, in force since the change).
type Row = (Level, &'static str, &'static str, &'static str, Option<&'static str>, bool);

fn map() -> UnitMap {
    let rows: [Row; 13] = [
        (Level::Province, "51", "Quảng Ngãi", "tỉnh", None, false),
        (Level::Province, "51", "Quảng Ngãi", "tỉnh", None, true),
        (Level::District, "522", "Quảng Ngãi", "thành phố", Some("51"), false),
        (Level::District, "533", "Ba Tơ", "huyện", Some("51"), false),
        (Level::District, "536", "Lý Sơn", "huyện", Some("51"), false),
        (Level::Commune, "536", "Lý Sơn", "huyện", Some("536"), false),
        (Level::Commune, "21550", "Lý Sơn", "đặc khu", Some("51"), true),
        (Level::Commune, "21484", "Ba Tơ", "thị trấn", Some("533"), false),
        (Level::Commune, "21487", "Ba Vinh", "xã", Some("533"), false),
        (Level::Commune, "21484", "Ba Tơ", "xã", Some("51"), true),
        (Level::Commune, "21487", "Ba Tô", "xã", Some("51"), true),
        (Level::Commune, "21010", "Lê Hồng Phong", "phường", Some("522"), false),
        (Level::Commune, "00123", "Sơn Kỳ", "xã", Some("51"), true),
    ];
    let unit = |(id, row): (i32, &Row)| Unit {
        id: UnitId(id),
        level: row.0,
        code: row.1.into(),
        name: row.2.into(),
        full_name: format!("{} {}", row.3, row.2),
        kind: row.3.into(),
        parent: row.4.map(Into::into),
        valid: if row.5 {
            DayInterval { from: Some(CHANGE), to: None }
        } else {
            DayInterval { from: None, to: Some(CHANGE) }
        },
        schematic: false,
        geometry: MultiPolygon(Vec::new()),
    };
    let change =
        |old: &str, new: &str, whole| UnitChange { old_code: old.into(), new_code: new.into(), date: CHANGE, whole };
    let changes = vec![
        change("536", "21550", true),
        change("21484", "21484", true),
        change("21487", "21484", false),
        change("21487", "21487", false),
        change("21010", "00123", true),
    ];
    UnitMap::new((1..).zip(&rows).map(unit).collect(), changes, 1)
}

fn resolved(text: &str, day: Day, level: Option<Level>) -> Vec<(&'static str, i32)> {
    let map = map();
    let names = UnitNames::new(&map);
    match names.resolve(&map, UnitAsked { text, level, day }) {
        Resolved::One { unit, .. } => vec![("one", unit.0)],
        Resolved::Several(units) => units.into_iter().map(|unit| ("of", unit.0)).collect(),
        Resolved::None => Vec::new(),
    }
}

#[test]
fn a_unit_is_known_in_any_spelling_and_the_date_decides() {
    for (text, day, unit) in [
        ("Xã Ba Tơ", CHANGE, 10),
        ("xã ba tơ, huyen ba to, tinh quang ngai", CHANGE, 10),
        ("Xã Ba Tơ huyện Ba Tơ tỉnh Quảng Ngãi", CHANGE, 10),
        ("Tỉnh Quảng Ngãi, Xã Ba Tơ", CHANGE, 10),
        ("Tổ 5, thôn Ba Tơ, X. Ba Tơ, Quảng Ngãi, Việt Nam", CHANGE, 10),
        ("Ba-Tơ", CHANGE, 10),
        ("LýSơn", CHANGE, 7),
        ("TT Ba Tơ", BEFORE, 8),
        ("Ba Tơ, Ba Tơ, Quảng Ngãi", BEFORE, 8),
        ("H. Ba Tơ", BEFORE, 4),
        ("Ba Tô", CHANGE, 11),
        ("21484", BEFORE, 8),
        ("21484", CHANGE, 10),
        ("21484.0", CHANGE, 10),
        ("21487", BEFORE, 9),
        ("21487", CHANGE, 11),
        ("123", CHANGE, 13),
        ("00123", CHANGE, 13),
        ("xã sơn kì", CHANGE, 13),
        ("Son Ky Commune", CHANGE, 13),
        ("P. Lê Hồng Phong", CHANGE, 13),
        ("Lê Hồng Phong (21010)", BEFORE, 12),
        ("21010 - Phường Lê Hồng Phong", CHANGE, 13),
        ("TP Quảng Ngãi", BEFORE, 3),
        ("tỉnh Quảng Ngãi", BEFORE, 1),
        ("tỉnh Quảng Ngãi", CHANGE, 2),
        ("Lý Sơn", BEFORE, 6),
        ("536", BEFORE, 6),
        ("huyện Lý Sơn", CHANGE, 7),
        ("Đặc khu Lí Sơn", CHANGE, 7),
    ] {
        assert_eq!(resolved(text, day, None), [("one", unit)], "{text}");
    }
    assert_eq!(resolved("Lý Sơn", BEFORE, Some(Level::District)), [("one", 5)]);
    assert_eq!(resolved("Ba Tơ", BEFORE, Some(Level::Commune)), [("one", 8)]);
}

#[test]
fn what_may_be_several_units_is_not_guessed() {
    assert_eq!(resolved("Ba Tơ", BEFORE, None), [("of", 4), ("of", 8)], "the district or its town");
    assert_eq!(resolved("Ba Vinh", CHANGE, None), [("of", 10), ("of", 11)], "divided");
    assert_eq!(resolved("Quảng Ngãi", BEFORE, None), [("of", 1), ("of", 3)]);
    assert_eq!(resolved("ba to", CHANGE, None), [("of", 10), ("of", 11)], "without accents");
}

#[test]
fn what_is_no_unit_is_none() {
    for text in [
        "",
        "Hà Nội",
        "Xã Ba Tơ, tỉnh Kon Tum",
        "xã",
        "99999",
        "12",
        "Ba Tơ (21010)",
        "Xã Ba Tơ, huyện Lý Sơn",
        &"x".repeat(2_000),
    ] {
        assert_eq!(resolved(text, CHANGE, None), [], "{text}");
    }
}

fn found(text: &str, day: Day) -> Vec<(i32, Fit)> {
    let map = map();
    let found = UnitNames::new(&map).find(&map, &AskedName::new("q", text).unwrap(), day);
    found.into_iter().map(|found| (found.unit.0, found.fit)).collect()
}

#[test]
fn units_are_found_exact_spelling_first_then_in_force_then_larger() {
    use Fit::{Contained, Exact, Folded, Prefix, Words};
    assert_eq!(found("Ba Tơ", CHANGE), [(10, Exact), (4, Exact), (8, Exact), (11, Folded), (9, Contained)]);
    assert_eq!(found("ba to", CHANGE), [(10, Folded), (11, Folded), (4, Folded), (8, Folded), (9, Contained)]);
    assert_eq!(found("xã Ba Tơ", CHANGE), [(10, Exact), (11, Folded), (8, Words), (9, Contained)]);
    assert_eq!(found("tx ba t", CHANGE), [(4, Words)], "a district of another kind");
    assert_eq!(found("ba t", BEFORE), [(4, Prefix), (8, Prefix), (10, Prefix), (11, Prefix), (9, Contained)]);
    assert_eq!(found("to ba", CHANGE), [(10, Words), (11, Words), (4, Words), (8, Words), (9, Contained)]);
    assert_eq!(
        found("Lý Sơn", CHANGE),
        [(7, Exact), (5, Exact), (6, Exact)],
        "the unit of today before the district of old"
    );
    assert_eq!(found("Lý Sơn", BEFORE), [(5, Exact), (6, Exact), (7, Exact)]);
    assert_eq!(found("21484", CHANGE), [(10, Exact), (8, Exact)]);
    assert_eq!(found("123", CHANGE), [(13, Folded)]);
    assert_eq!(found("2148", BEFORE), [(8, Prefix), (9, Prefix), (10, Prefix), (11, Prefix)]);
    assert_eq!(found("hong", CHANGE), [(12, Words)]);
    assert_eq!(found("ong p", CHANGE), [(12, Contained)]);
    assert_eq!(found("ba vinh quang ngai", CHANGE), [(9, Contained)]);
    assert_eq!(found("xã Ba Tơ, tỉnh Quảng Ngãi", CHANGE).first(), Some(&(10, Folded)));
    assert_eq!(found("khong dau", CHANGE), []);
}
