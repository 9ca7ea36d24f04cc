//! Filters in text and JSON: what is read, what is refused, what reads back as the same.

use proptest::prelude::*;

use super::{MAX_TEXT_BYTES, read_json, read_text, write};
use crate::model::filter::AskedFilter;

fn text(text: &str) -> AskedFilter {
    read_text("filter", text).unwrap_or_else(|refused| panic!("{text}: {refused}"))
}

fn refusal(text: &str) -> String {
    read_text("filter", text).expect_err(text).to_string()
}

/// Filters and their canonical text.
const CANONICAL: [(&str, &str); 42] = [
    ("city='Toronto'", "city = 'Toronto'"),
    ("balance-150.0 > 0", "balance - 150.0 > 0"),
    ("updated >= date('1970-01-01')", "updated >= DATE('1970-01-01')"),
    ("geometry is NOT null", "NOT geometry IS NULL"),
    ("depth BETWEEN 100.0 and 150.0", "depth BETWEEN 100.0 AND 150.0"),
    ("category NOT IN (1,2,3,4)", "NOT category IN (1, 2, 3, 4)"),
    ("CASEI(road_class) IN (CASEI('Οδος'),casei('Straße'))", "CASEI(road_class) IN (CASEI('Οδος'), CASEI('Straße'))"),
    ("S_INTERSECTS(geometry,POINT(36.319836 32.288087))", "S_INTERSECTS(geometry, POINT(36.319836 32.288087))"),
    ("s_within(location,BBOX(-118,33.8,-117.9,34))", "S_WITHIN(location, BBOX(-118.0, 33.8, -117.9, 34.0))"),
    (
        "S_INTERSECTS(g, BBOX(-128.1, -1.1, -99999.0, 180.0, 90.0, 1E5))",
        "S_INTERSECTS(g, BBOX(-128.1, -1.1, 180.0, 90.0))",
    ),
    ("S_EQUALS(POINT Z (1 2 3), g)", "S_EQUALS(POINT(1.0 2.0), g)"),
    ("S_TOUCHES(g, MULTIPOINT(7.02 49.92, 90 80))", "S_TOUCHES(g, MULTIPOINT((7.02 49.92), (90.0 80.0)))"),
    (
        "S_CROSSES(g, MULTILINESTRING ((-1.9 -0.9, 75.2 1.5),(-1.9 -1.1, 1.5 8.5)))",
        "S_CROSSES(g, MULTILINESTRING((-1.9 -0.9, 75.2 1.5), (-1.9 -1.1, 1.5 8.5)))",
    ),
    (
        "S_INTERSECTS(g,GEOMETRYCOLLECTION(POINT(7.02 49.92), POLYGON((0 0, 10 0, 10 10, 0 10, 0 0))))",
        "S_INTERSECTS(g, GEOMETRYCOLLECTION(POINT(7.02 49.92), POLYGON((0.0 0.0, 10.0 0.0, 10.0 10.0, 0.0 10.0, 0.0 0.0))))",
    ),
    ("T_INTERSECTS(t, INTERVAL('2019-09-09', '..'))", "T_INTERSECTS(t, INTERVAL('2019-09-09', '..'))"),
    (
        "t_finishedby(interval(a, \"b\"),interval('2017-06-10T07:30:00.5Z','..'))",
        "T_FINISHEDBY(INTERVAL(a, b), INTERVAL('2017-06-10T07:30:00.5Z', '..'))",
    ),
    ("A_CONTAINS(layer:ids, ('layers-ca','layers-us'))", "A_CONTAINS(layer:ids, ('layers-ca', 'layers-us'))"),
    ("A_EQUALS(('a', TRUE, 1.0, 8), \"values\")", "A_EQUALS(('a', TRUE, 1.0, 8), values)"),
    ("A_OVERLAPS(v, ('a'))", "A_OVERLAPS(v, ('a'))"),
    ("A_EQUALS((), ((1, 2), 3))", "A_EQUALS((), ((1, 2), 3))"),
    ("S_WITHIN(road,Buffer(geometry,10,'m'))", "S_WITHIN(road, Buffer(geometry, 10, 'm'))"),
    ("avg() < 4", "avg() < 4"),
    ("name ilike 'Ba %'", "CASEI(name) LIKE CASEI('Ba %')"),
    ("name NOT ILIKE 'Ba %'", "NOT CASEI(name) LIKE CASEI('Ba %')"),
    ("vehicle_height > (bridge_clearance-1)", "vehicle_height > bridge_clearance - 1"),
    ("a AND b OR NOT c AND d", "a AND b OR NOT c AND d"),
    ("a AND (b OR c)", "a AND (b OR c)"),
    ("(a AND b) AND c", "(a AND b) AND c"),
    ("((NOT p1 AND p2) OR (p3 and NOT p4) or not (p1 AND p4))", "NOT p1 AND p2 OR p3 AND NOT p4 OR NOT (p1 AND p4)"),
    ("NOT NOT a", "NOT NOT a"),
    ("(a = 1) IS NULL", "(a = 1) IS NULL"),
    ("value = - foo * 2.0 + \"bar\" / 6.1234 - \"x\" ^ 2.0", "value = -1 * foo * 2.0 + bar / 6.1234 - x ^ 2.0"),
    ("a - (b - c) = 2 ^ (3 ^ 2)", "a - (b - c) = 2 ^ (3 ^ 2)"),
    ("a - b - c = -5 div -2 % 3", "a - b - c = -5 DIV -2 % 3"),
    ("a = -9223372036854775808", "a = -9223372036854775808"),
    (
        "a = 9223372036854775808 OR a = 1.5e3 OR a = .5 OR a = 2.",
        "a = 9.223372036854776e18 OR a = 1500.0 OR a = 0.5 OR a = 2.0",
    ),
    ("\"Tên đường\" = 'Nguyễn Thị Minh Khai'", "\"Tên đường\" = 'Nguyễn Thị Minh Khai'"),
    ("đường_phố LIKE 'Đường%'", "đường_phố LIKE 'Đường%'"),
    ("\"and\" = 'it''s' AND \"q\"\"q\" = 'it\\'s\\n'", "\"and\" = 'it''s' AND \"q\"\"q\" = 'it''s\n'"),
    ("a LIKE '\\%\\\\'", "a LIKE '\\\\%\\\\'"),
    ("  TRUE\n", "TRUE"),
    ("date = timestamp('2025-07-01T00:00:00+07:00')", "date = TIMESTAMP('2025-06-30T17:00:00Z')"),
];

#[test]
fn a_filter_has_one_canonical_text_that_reads_back_as_itself() {
    for (given, canonical) in CANONICAL {
        let asked = text(given);
        assert_eq!(asked.text(), canonical, "{given}");
        assert_eq!(text(canonical).tree(), asked.tree(), "{given}");
    }
}

#[test]
fn json_and_text_say_the_same() {
    let pairs = [
        (r#"{"op":"and","args":[{"op":"=","args":[{"property":"a"},"x"]},true]}"#, "a = 'x' AND TRUE"),
        (r#"{"op":"not","args":[{"op":"like","args":[{"property":"a"},"x%"]}]}"#, "a NOT LIKE 'x%'"),
        (r#"{"op":"between","args":[{"property":"a"},1,2.0]}"#, "a BETWEEN 1 AND 2.0"),
        (r#"{"op":"in","args":[{"property":"a"},["x","y"]]}"#, "a IN ('x', 'y')"),
        (r#"{"op":"isNull","args":[{"property":"a"}]}"#, "a IS NULL"),
        (r#"{"op":"=","args":[{"op":"casei","args":[{"property":"a"}]},"x"]}"#, "CASEI(a) = 'x'"),
        (r#"{"op":"<","args":[{"op":"div","args":[{"property":"a"},2]},1e400]}"#, ""),
        (
            r#"{"op":"t_during","args":[{"interval":[{"property":"a"},".."]},{"interval":["2017-06-10","2017-06-11"]}]}"#,
            "T_DURING(INTERVAL(a, '..'), INTERVAL('2017-06-10', '2017-06-11'))",
        ),
        (
            r#"{"op":">","args":[{"property":"a"},{"timestamp":"2012-08-10T05:30:00Z"}]}"#,
            "a > TIMESTAMP('2012-08-10T05:30:00Z')",
        ),
        (
            r#"{"op":"s_intersects","args":[{"property":"g"},{"type":"Point","coordinates":[1,2,3]}]}"#,
            "S_INTERSECTS(g, POINT(1 2))",
        ),
        (r#"{"op":"s_within","args":[{"property":"g"},{"bbox":[1,2,3,4]}]}"#, "S_WITHIN(g, BBOX(1,2,3,4))"),
        (r#"{"op":"a_containedBy","args":[{"property":"v"},["a",["b","c"]]]}"#, "A_CONTAINEDBY(v, ('a', ('b', 'c')))"),
        (r#"{"op":"Foo","args":[{"property":"g"}]}"#, "Foo(g)"),
        ("false", "FALSE"),
    ];
    for (json, same) in pairs {
        match same {
            "" => assert!(read_json("filter", json).is_err(), "{json}"),
            same => assert_eq!(read_json("filter", json).expect(json).tree(), text(same).tree(), "{json}"),
        }
    }
}

#[test]
fn a_fault_in_text_is_told_with_its_place() {
    let faults = [
        ("", "filter: at character 1: expected a value, found the filter's end"),
        ("a = ", "filter: at character 5: expected a value, found the filter's end"),
        ("tên = 'x", "filter: at character 7: this text has no closing single quote"),
        ("a = 'x' b", "filter: at character 9: expected AND, OR, an operator, or the filter's end, found b"),
        ("a = b = c", "filter: at character 7: expected AND, OR, an operator, or the filter's end, found ="),
        ("a IS 1", "filter: at character 6: expected NULL or NOT NULL, found 1"),
        ("a BETWEEN 1 OR 2", "filter: at character 13: expected AND and the greatest value, found OR"),
        ("a IN ()", "filter: at character 7: expected a value, found )"),
        ("2 ^ 3 ^ 4 = 1", "filter: at character 7: write (a ^ b) ^ c or a ^ (b ^ c)"),
        ("a = 1;", "filter: at character 6: ';' begins no word; texts stand between single quotes"),
        ("a = DATE('2025-02-30')", "filter: at character 10: expected a date such as 2025-07-01, found \"2025-02-30\""),
        ("CASEI(a, b) = 'x'", "filter: at character 1: CASEI takes 1 operands, found 2"),
        ("a = 1e999", "filter: at character 5: a number that a double can hold, below 1.8E308"),
        (
            "a = 12x",
            "filter: at character 5: a number and then a space or an operator; a name does not begin with a digit",
        ),
    ];
    for (given, told) in faults {
        assert_eq!(refusal(given), told, "{given}");
    }
    let unclosed = refusal("S_WITHIN(g, POLYGON((0 0, 1 0, 1 1)))");
    assert!(unclosed.contains("at character 20: a ring has at least four positions"), "{unclosed}");
}

#[test]
fn a_fault_in_json_is_told_with_its_place() {
    let faults = [
        (r#"{"op":"and","args":[true,{"op":"=","args":[1]}]}"#, "filter: at /args/1: = takes 2 operands, found 1"),
        (r#"{"op":"and","args":[true,null]}"#, "filter: at /args/1: null is no value of CQL2"),
        (r#"{"op":"!","args":[true]}"#, "filter: at /op: there is no operator !"),
        (r#"{"property":"a","name":1}"#, "filter: at its root: name has no meaning beside property"),
        (r#"{"op":"in","args":[1,[]]}"#, "filter: at its root: the second operand of in"),
        (r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}"#, "filter: at /coordinates: a ring has"),
        (r#"{"type":"Point","coordinates":["a"]}"#, "filter: at /coordinates/0: expected a number"),
        ("{", "filter: at its root: not JSON: EOF"),
    ];
    for (given, told) in faults {
        let refused = read_json("filter", given).expect_err(given).to_string();
        assert!(refused.starts_with(told), "{given}: {refused}");
    }
}

#[test]
fn no_depth_of_nesting_overflows_the_stack() {
    let deep = |open: &str, close: &str, times: usize| format!("{}TRUE{}", open.repeat(times), close.repeat(times));
    for (open, close) in
        [("(", ")"), ("NOT ", ""), ("f(", ")"), ("1 = - ", ""), ("-", ""), ("1 + (", ")"), ("1 - ", "")]
    {
        for times in [65, 500, 3_000, 100_000] {
            assert!(read_text("filter", &deep(open, close, times)).is_err(), "{open} {times} times");
        }
    }
    let sums = format!("a = 1{}", " + 1".repeat(2_000));
    assert!(refusal(&sums).contains("64 levels deep"));
    for times in [65, 100_000] {
        let json = deep(r#"{"op":"not","args":["#, "]}", times);
        assert!(read_json("filter", &json.replace("TRUE", "true")).is_err(), "{times}");
        assert!(read_json("filter", &format!("{}{}", "[".repeat(times), "]".repeat(times))).is_err(), "{times}");
    }
    let most = deep("NOT (", ")", 32);
    assert_eq!(text(text(&most).text()).tree(), text(&most).tree());
    let long = format!("a = '{}'", "x".repeat(MAX_TEXT_BYTES));
    assert!(refusal(&long).contains("at most 16384 bytes"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(given in "\\PC{0,60}", words in "([aB'\"(),.<>=+*/^%-]|NOT |AND |OR | IN |LIKE|INTERVAL\\(|POINT\\(|DATE\\('| IS NULL|1e5|đ|\\\\){0,40}") {
        for text in [given.as_str(), words.as_str()] {
            if let Ok(asked) = read_text("filter", text) {
                let again = read_text("filter", asked.text()).expect("canonical text is CQL2");
                prop_assert_eq!(again.tree(), asked.tree());
                prop_assert_eq!(write(again.tree()), asked.text());
            }
            drop(read_json("filter", text));
        }
    }
}
