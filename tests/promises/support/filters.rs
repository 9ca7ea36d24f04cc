//! Made-up rows and made-up filters over them.

use bandoso::engine::cql2::{check, read_text};
use bandoso::model::filter::Filter;
use bandoso::model::{
    Classification, Code, Day, Feature, Field, FieldType, GeometryKind, Instant, Layer, LayerId, LonLat, Title, Value,
    View, ZoomRange,
};
use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

const TEXTS: [&str; 14] = [
    "",
    "a",
    "A",
    "ab",
    "Đức Phổ",
    "ĐỨC PHỔ",
    "duc pho",
    "Duc pho",
    "Straße",
    "STRASSE",
    "100%",
    "a_b",
    "a\\b",
    "ΟΔΟΣ",
];
const PATTERNS: [&str; 10] = ["%", "", "_", "a%", "%ph_%", "Đ%", "%\\%", "a\\_b", "__", "%s%"];
const WHOLES: [i64; 11] = [0, 1, -1, 2, 3, 7, -7, 9_007_199_254_740_993, 9_007_199_254_740_992, i64::MAX, i64::MIN];
const REALS: [f64; 12] = [0.0, 1.0, -1.0, 0.5, 2.5, -2.5, 3.0, 1e300, 1e-300, -1e200, 9_007_199_254_740_992.0, 7.0];
const DAYS: [i32; 5] = [20_269, 20_270, 20_271, 20_300, 0];
const HOURS: [i64; 6] = [0, 16, 17, 24, 41, 720];
/// 2025-07-01T00:00:00Z.
const JULY: i64 = 20_270 * 86_400_000_000;
const GEOMETRIES: [&str; 10] = [
    "POINT(1 1)",
    "MULTIPOINT((0 0), (1 1), (1.5 0.5))",
    "LINESTRING(0 0, 2 2, 2 0)",
    "LINESTRING(0 0, 1 0, 1 1, 0 0)",
    "MULTILINESTRING((0 0, 1 1), (1 1, 2 0), (0.5 1, 1.5 1))",
    "POLYGON((0 0, 2 0, 2 2, 0 2, 0 0), (0.5 0.5, 1.5 0.5, 1.5 1.5, 0.5 1.5, 0.5 0.5))",
    "MULTIPOLYGON(((0 0, 1 0, 0 1, 0 0)), ((1 1, 2 1, 2 2, 1 1)))",
    "BBOX(0.5, 0.5, 1.5, 2)",
    "BBOX(1, 0, 1, 2)",
    "GEOMETRYCOLLECTION(POINT(0.5 0.5), LINESTRING(0 2, 2 2), POLYGON((0 0, 1 0, 1 1, 0 1, 0 0)))",
];

/// A layer with two fields of each type.
pub fn layer() -> Layer {
    let title = || Title { vi: "Thử".to_owned(), en: "Trial".to_owned() };
    let kinds = [
        FieldType::Text,
        FieldType::Integer,
        FieldType::Real,
        FieldType::Boolean,
        FieldType::Date,
        FieldType::Timestamp,
        FieldType::Code,
    ];
    let field = |kind: FieldType, number: usize| Field {
        name: format!("{}{number}", name(kind)),
        title: title(),
        kind,
        codes: ["a", "ab", "b"]
            .iter()
            .filter(|_| kind == FieldType::Code)
            .map(|code| Code { code: (*code).to_owned(), vi: String::new(), en: String::new(), colour: None })
            .collect(),
        classification: None,
        unit: None,
        min: None,
        max: None,
    };
    Layer {
        id: LayerId::parse("layer", "test.trial").expect("an id"),
        title: title(),
        geometry: GeometryKind::Point,
        classification: Classification::Public,
        time: None,
        category: None,
        name: None,
        zoom: ZoomRange { min: 0, max: 22 },
        max_features: 10_000,
        published: None,
        residency: bandoso::model::Residency::Memory,
        update_days: None,
        colour: "#000000".to_owned(),
        symbol: "circle".to_owned(),
        fields: kinds.iter().flat_map(|kind| [field(*kind, 1), field(*kind, 2)]).collect(),
    }
}

fn name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "text",
        FieldType::Integer => "whole",
        FieldType::Real => "real",
        FieldType::Boolean => "truth",
        FieldType::Date => "day",
        FieldType::Timestamp => "at",
        FieldType::Code => "code",
    }
}

pub fn zone() -> TimeZone {
    TimeZone::get("Asia/Ho_Chi_Minh").expect("the zone is bundled")
}

/// So many rows with small sets of values, a fifth of them null, on a small grid.
pub fn rows(layer: &Layer, count: usize, seed: u64) -> Vec<Feature> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut row = |id: usize| Feature {
        id: id as u64,
        at: LonLat { lon: f64::from(chance.random_range(0..6)) / 2.0, lat: f64::from(chance.random_range(0..6)) / 2.0 },
        values: layer.fields.iter().map(|field| value(field.kind, &mut chance)).collect(),
        units: Vec::new(),
    };
    (0..count).map(&mut row).collect()
}

fn pick<T: Copy>(chance: &mut StdRng, from: &[T]) -> T {
    *from.choose(chance).expect("something to pick from")
}

fn value(kind: FieldType, chance: &mut StdRng) -> Value {
    if chance.random_ratio(1, 5) {
        return Value::Null;
    }
    match kind {
        FieldType::Text => Value::Text(pick(chance, &TEXTS).to_owned()),
        FieldType::Code => Value::Text(pick(chance, &["a", "ab", "b"]).to_owned()),
        FieldType::Integer => Value::Integer(pick(chance, &WHOLES)),
        FieldType::Real => Value::Real(pick(chance, &REALS)),
        FieldType::Boolean => Value::Boolean(chance.random()),
        FieldType::Date => Value::Date(Day(pick(chance, &DAYS))),
        FieldType::Timestamp => {
            Value::Timestamp(Instant(JULY + pick(chance, &HOURS) * 3_600_000_000 - chance.random_range(0..2)))
        }
    }
}

/// CQL2 text of a filter that fits the layer.
pub fn text(seed: u64) -> String {
    Author(StdRng::seed_from_u64(seed)).condition(3)
}

/// The same, read and checked.
pub fn filter(text: &str, layer: &Layer) -> Filter {
    let asked = read_text("filter", text).unwrap_or_else(|refused| panic!("{text}: {refused}"));
    check("filter", &asked, layer, View::PUBLIC, &zone()).unwrap_or_else(|refused| panic!("{text}: {refused}"))
}

struct Author(StdRng);

impl Author {
    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        pick(&mut self.0, from)
    }

    fn condition(&mut self, depth: u32) -> String {
        let deeper = if depth == 0 { 4 } else { 0 };
        match self.0.random_range(deeper..15) {
            0 => format!("({} AND {})", self.condition(depth - 1), self.condition(depth - 1)),
            1 => format!(
                "({} OR {} OR {})",
                self.condition(depth - 1),
                self.condition(depth - 1),
                self.condition(depth - 1)
            ),
            2 => format!("NOT {}", self.condition(depth - 1)),
            3 => format!("({}) IS {}NULL", self.condition(depth - 1), self.pick(&["", "NOT "])),
            4 => {
                let kind = self.pick(&["text", "number", "truth", "time"]);
                format!("{} {} {}", self.of(kind), self.sign(), self.of(kind))
            }
            5 => format!(
                "{} {}BETWEEN {} AND {}",
                self.number(1),
                self.pick(&["", "NOT "]),
                self.number(0),
                self.number(1)
            ),
            6 => format!("whole1 {} {} AND whole1 {} {}", self.sign(), self.number(0), self.sign(), self.number(0)),
            7 => {
                let kind = self.pick(&["text", "number", "truth", "time"]);
                format!(
                    "{} {}IN ({}, {}, {})",
                    self.of(kind),
                    self.pick(&["", "NOT "]),
                    self.of(kind),
                    self.of(kind),
                    self.of(kind)
                )
            }
            8 => format!("{} {}LIKE {}", self.text(), self.pick(&["", "NOT "]), self.pattern()),
            9 => {
                let kind = self.pick(&["text", "number", "truth", "time"]);
                format!("{} IS {}NULL", self.of(kind), self.pick(&["", "NOT "]))
            }
            10 | 11 => self.spatial(),
            12 => self.temporal(),
            13 => self.run(),
            _ => self.pick(&["truth1", "truth2", "TRUE", "FALSE"]).to_owned(),
        }
    }

    /// Equalities of one column joined by OR, or inequalities by AND, with others among them: twice the same and values that no row
    /// has are met as well.
    fn run(&mut self) -> String {
        let columns = [
            "text1",
            "CASEI(text2)",
            "ACCENTI(CASEI(text1))",
            "code1",
            "whole1",
            "whole2",
            "id",
            "real1",
            "day1",
            "at1",
            "truth1",
        ];
        let column = self.pick(&columns);
        let any = self.0.random();
        let count = self.0.random_range(2..14);
        let parts: Vec<String> = (0..count).map(|_| self.part_of_run(column, any)).collect();
        let (half, word) = (parts.len() / 2, if any { " OR " } else { " AND " });
        match self.0.random_range(0..4) {
            0 => format!("NOT ({})", parts.join(word)),
            1 => format!("({})", parts.join(word)),
            // In two ANDs or ORs, one inside the other.
            2 => format!("({}{word}({}))", parts[..half.max(1)].join(word), parts[half..].join(word)),
            _ => format!("(truth2 {} {})", self.pick(&["OR", "AND"]), parts.join(word)),
        }
    }

    fn part_of_run(&mut self, column: &str, any: bool) -> String {
        let one = self.literal(column);
        match (self.0.random_range(0..8), any) {
            (0, true) => format!("{one} = {column}"),
            (1 | 2, true) => format!("{column} IN ({one}, {}, {})", self.literal(column), self.literal(column)),
            (3, true) => format!("({column} = {one} OR {column} = {})", self.literal(column)),
            (0, false) => format!("{one} <> {column}"),
            (1, false) => format!("{column} NOT IN ({one}, {}, {})", self.literal(column), self.literal(column)),
            (2, false) => format!("NOT {column} = {one}"),
            (3, false) => format!("NOT ({column} = {one} OR {column} = {})", self.literal(column)),
            (4, _) => self.condition(0),
            (_, true) => format!("{column} = {one}"),
            (_, false) => format!("{column} <> {one}"),
        }
    }

    /// A value that may be compared with the column.
    fn literal(&mut self, column: &str) -> String {
        match column {
            "truth1" => self.pick(&["TRUE", "FALSE"]).to_owned(),
            "day1" => format!("DATE('{}')", Day(pick(&mut self.0, &DAYS))),
            "at1" => format!("TIMESTAMP('{}')", Instant(JULY + pick(&mut self.0, &HOURS) * 3_600_000_000)),
            "id" => self.0.random_range(0..250).to_string(),
            "whole1" | "real1" if self.0.random_ratio(1, 4) => format!("{:?}", pick(&mut self.0, &REALS)),
            "whole1" => self.0.random_range(-9..9).to_string(),
            "whole2" | "real1" => pick(&mut self.0, &WHOLES).to_string(),
            "code1" => quoted(self.pick(&["a", "ab", "b", "c"])),
            _ => quoted(self.pick(&TEXTS)),
        }
    }

    fn sign(&mut self) -> &'static str {
        self.pick(&["=", "<>", "<", "<=", ">", ">="])
    }

    fn of(&mut self, kind: &str) -> String {
        match kind {
            "text" => self.text(),
            "number" => self.number(2),
            "truth" => self.pick(&["truth1", "truth2", "TRUE", "FALSE"]).to_owned(),
            _ => self.time(),
        }
    }

    fn text(&mut self) -> String {
        match self.0.random_range(0..9) {
            8 => format!("{}({})", self.pick(&["lower", "UPPER"]), self.text()),
            0 | 1 => self.pick(&["text1", "text2"]).to_owned(),
            2 => self.pick(&["code1", "code2"]).to_owned(),
            3 => format!("CASEI({})", self.text()),
            4 => format!("ACCENTI({})", self.text()),
            5 => format!("ACCENTI(CASEI({}))", self.text()),
            _ => quoted(self.pick(&TEXTS)),
        }
    }

    fn pattern(&mut self) -> String {
        let pattern = quoted(self.pick(&PATTERNS));
        self.pick(&["%P", "CASEI(%P)", "ACCENTI(CASEI(%P))"]).replace("%P", &pattern)
    }

    fn number(&mut self, depth: u32) -> String {
        match self.0.random_range(0..if depth == 0 { 6 } else { 12 }) {
            9 => format!("{}({})", self.pick(&["abs", "round", "floor", "ceil"]), self.number(depth - 1)),
            10 => format!("{}({})", self.pick(&["year", "month", "day", "weekday"]), self.time()),
            11 => match self.pick(&["text", "time"]) {
                "text" => format!("length({})", self.text()),
                _ => format!("hour({})", self.pick(&["at1", "at2"])),
            },
            0 => self.pick(&["whole1", "whole2", "id"]).to_owned(),
            1 => self.pick(&["real1", "real2"]).to_owned(),
            2 | 3 => pick(&mut self.0, &WHOLES).to_string(),
            4 => format!("{:?}", pick(&mut self.0, &REALS)),
            5 => self.0.random_range(0..100).to_string(),
            _ => {
                let sign = self.pick(&["+", "-", "*", "/", "div", "%", "^"]);
                format!("({} {sign} {})", self.number(depth - 1), self.number(depth - 1))
            }
        }
    }

    fn time(&mut self) -> String {
        match self.0.random_range(0..4) {
            0 => self.pick(&["day1", "day2"]).to_owned(),
            1 => self.pick(&["at1", "at2"]).to_owned(),
            2 => format!("DATE('{}')", Day(pick(&mut self.0, &DAYS))),
            _ => format!("TIMESTAMP('{}')", Instant(JULY + pick(&mut self.0, &HOURS) * 3_600_000_000)),
        }
    }

    fn interval(&mut self) -> String {
        let ends = ["'..'", "day1", "day2", "at1", "at2", "'2025-06-30'", "'2025-07-01T17:00:00Z'"];
        let start = self.pick(&ends);
        // A literal end is not before a literal start.
        let end = if start.starts_with('\'') {
            self.pick(&["'..'", "day1", "at2", "'2025-07-02T17:00:00Z'"])
        } else {
            self.pick(&ends)
        };
        let mixed = start.len() == 12 && end.len() > 12;
        format!("INTERVAL({start}, {})", if mixed { "'2025-07-02'" } else { end })
    }

    fn temporal(&mut self) -> String {
        if self.0.random() {
            let function = self.pick(&["T_AFTER", "T_BEFORE", "T_DISJOINT", "T_EQUALS", "T_INTERSECTS"]);
            return format!("{function}({}, {})", self.time(), self.interval());
        }
        let function = self.pick(&[
            "T_CONTAINS",
            "T_DURING",
            "T_FINISHEDBY",
            "T_FINISHES",
            "T_MEETS",
            "T_METBY",
            "T_OVERLAPPEDBY",
            "T_OVERLAPS",
            "T_STARTEDBY",
            "T_STARTS",
        ]);
        format!("{function}({}, {})", self.interval(), self.interval())
    }

    fn spatial(&mut self) -> String {
        let function =
            self.pick(&["INTERSECTS", "EQUALS", "DISJOINT", "TOUCHES", "WITHIN", "OVERLAPS", "CROSSES", "CONTAINS"]);
        let geometry = self.pick(&GEOMETRIES);
        if self.0.random() {
            format!("S_{function}(geom, {geometry})")
        } else {
            format!("S_{function}({geometry}, geometry)")
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
