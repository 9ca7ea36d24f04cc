//! What is refused in the catalogue's files, and with which words.

use std::fs;
use std::path::Path;

use super::load_catalogue;
use crate::model::{Catalogue, Classification, FieldType, Residency, ZoomRange};

/// The least layer: all else has a default.
const LEAST: &str = "id = \"x.y\"\ntitle = { vi = \"Ví dụ\", en = \"Example\" }\ngeometry = \"point\"\n";
const NAME: &str = "[[fields]]\nname = \"name\"\ntitle = { vi = \"Tên\", en = \"Name\" }\ntype = \"text\"\n";
const KIND: &str = "[[fields]]\nname = \"kind\"\ntitle = { vi = \"Loại\", en = \"Kind\" }\ntype = \"code\"\ncodes = [\n  { code = \"a\", vi = \"A\", en = \"A\" },\n]\n";

/// Names of files and what they hold.
type Files<'f> = &'f [(&'f str, &'f str)];

/// Loads a directory of the given files; what is wrong, one line a fault, without the directory's own path.
fn load(files: Files<'_>) -> Result<Catalogue, Vec<String>> {
    let dir = tempfile::tempdir().expect("a directory for the test");
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory for the layers");
        fs::write(path, text).expect("a file for the test");
    }
    let root = format!("{}/", dir.path().display());
    load_catalogue(Some(dir.path()))
        .map_err(|faults| faults.iter().map(|fault| fault.to_string().replace(&root, "")).collect())
}

fn faults_of_layer(text: &str) -> Vec<String> {
    load(&[("layers/x.y.toml", text)]).err().unwrap_or_default()
}

#[test]
fn the_built_in_catalogue_has_no_fault() {
    let catalogue = load_catalogue(None).expect("no fault");
    assert!(catalogue.layers.len() >= 16);
    assert_eq!(catalogue.departments.len(), 7);
    for department in &catalogue.departments {
        assert!(catalogue.layers.iter().any(|layer| layer.id.department() == department.id), "{}", department.id);
    }
    for name in ["Quần đảo Hoàng Sa (Việt Nam)", "Quần đảo Trường Sa (Việt Nam)"] {
        let place = catalogue.places.iter().find(|place| place.title.vi == name).expect(name);
        assert_eq!((place.min_zoom, place.max_zoom), (0, 22), "{name} shows at every zoom");
    }
    for layer in &catalogue.layers {
        let first = layer.fields.first().expect("a field");
        assert_eq!(first.kind, FieldType::Text, "{}: lists and popups begin with a name", layer.id);
        assert!(layer.category.is_some(), "{}: the map colours it by codes", layer.id);
    }
}

#[test]
fn one_file_of_a_layer_is_a_catalogue() {
    let catalogue = load(&[("layers/x.y.toml", LEAST)]).expect("no fault");
    let layer = catalogue.layers.first().expect("the layer");
    assert_eq!(layer.classification, Classification::Restricted);
    assert_eq!(layer.zoom, ZoomRange { min: 0, max: 22 });
    assert_eq!((layer.max_features, layer.symbol.as_str()), (10_000, "circle"));
    assert_eq!(catalogue.departments.first().map(|department| department.id.as_str()), Some("x"));
    assert_eq!(catalogue.time_zone.iana_name(), Some("UTC"));
    assert!(catalogue.places.iter().any(|place| place.title.vi.contains("Hoàng Sa")));
}

#[test]
fn a_layer_says_everything_it_can_say() {
    let text = format!(
        "{LEAST}classification = \"public\"\ntime = \"at\"\ncategory = \"kind\"\nzoom = {{ min = 5, max = 12 }}\nmax_features = 1\nresidency = \"database\"\nupdate_days = 7\n\
         table = \"public.Wells\"\nkey = \"gid\"\ngeometry_column = \"the_geom\"\ncolour = \"#AABBCC\"\nsymbol = \"drop\"\n{KIND}\
         [[fields]]\nname = \"at\"\ntitle = {{ vi = \"Lúc\", en = \"At\" }}\ntype = \"timestamp\"\nclassification = \"internal\"\n\
         [[fields]]\nname = \"depth\"\ntitle = {{ vi = \"Sâu\", en = \"Depth\" }}\ntype = \"real\"\nunit = \"m\"\n"
    );
    let catalogue = load(&[("layers/x.y.toml", &text)]).expect("no fault");
    let layer = catalogue.layers.first().expect("the layer");
    assert_eq!(layer.time_field().map(|field| field.name.as_str()), Some("at"));
    assert_eq!(layer.category_field().map(|field| field.codes.len()), Some(1));
    assert_eq!(layer.zoom, ZoomRange { min: 5, max: 12 });
    assert_eq!(layer.published.as_ref().map(|table| table.key.as_str()), Some("gid"));
    assert_eq!((layer.colour.as_str(), layer.max_features), ("#aabbcc", 1));
    assert_eq!(layer.residency, Residency::Database);
    assert_eq!(layer.update_days, Some(7));
    let fields: Vec<_> = layer.fields.iter().map(|field| (field.classification, field.unit.as_deref())).collect();
    assert_eq!(fields, [(None, None), (Some(Classification::Internal), None), (None, Some("m"))]);
}

#[test]
fn a_fault_of_a_layer_names_its_line_and_what_is_expected() {
    // A layer's file, the line of its one fault, and words of the message.
    let cases = [
        (LEAST.replace("\"x.y\"", "\"x.z\""), 1, "the file's own name, \"x.y\"; found \"x.z\""),
        (LEAST.replace("\"x.y\"", "\"X.Y\""), 1, "\"department.layer\" of lower-case letters"),
        (LEAST.replace("id = \"x.y\"\n", ""), 1, "the key id: \"department.layer\""),
        (LEAST.replace("\"x.y\"", "7"), 1, "found the integer 7"),
        (LEAST.replace("{ vi = \"Ví dụ\", en = \"Example\" }", "\"Example\""), 2, "a title { vi = \"…\", en = \"…\" }"),
        (LEAST.replace(", en = \"Example\"", ""), 2, "the key en: the English name"),
        (LEAST.replace("Example", " "), 2, "the English name, not empty"),
        (LEAST.replace("en = ", "fr = \"x\", en = "), 2, "one of the keys vi, en; found \"fr\""),
        (LEAST.replace("\"point\"", "\"polygon\""), 3, "\"point\"; layers of polygons are not served yet"),
        (LEAST.replace("\"point\"", "\"dot\""), 3, "\"point\"; found \"dot\""),
        (format!("{LEAST}colour = \"red\""), 4, "a colour such as \"#0077bb\"; found \"red\""),
        (format!("{LEAST}symbol = \"heart\""), 4, "one of circle, square, triangle, diamond, star, drop"),
        (format!("{LEAST}classification = \"secret\""), 4, "\"public\", \"internal\" or \"restricted\""),
        (format!("{LEAST}residency = \"disk\""), 4, "\"memory\" or \"database\"; found \"disk\""),
        (format!("{LEAST}max_features = 0"), 4, "a whole number from 1 to 1000000; found the integer 0"),
        (format!("{LEAST}max_features = 1_000_001"), 4, "a whole number from 1 to 1000000"),
        (format!("{LEAST}max_features = 1e3"), 4, "a whole number from 1 to 1000000; found the number 1e3"),
        (format!("{LEAST}update_days = 0"), 4, "update_days: a whole number from 1 to 3660; found the integer 0"),
        (format!("{LEAST}update_days = 3_661"), 4, "a whole number from 1 to 3660"),
        (format!("{LEAST}update_days = \"weekly\""), 4, "a whole number from 1 to 3660; found \"weekly\""),
        (format!("{LEAST}zoom = {{ min = 9, max = 8 }}"), 4, "min not above max; found 9 and 8"),
        (format!("{LEAST}zoom = {{ max = 23 }}"), 4, "a whole number from 0 to 22"),
        (format!("{LEAST}zoom = 5"), 4, "a range { min = 0, max = 22 }"),
        (format!("{LEAST}table = \"a b\"\nkey = \"k\"\ngeometry_column = \"g\""), 4, "a table or view"),
        (format!("{LEAST}table = \"a.b.c\"\nkey = \"k\"\ngeometry_column = \"g\""), 4, "a table or view"),
        (format!("{LEAST}table = \"a\"\nkey = \"k\\\"\"\ngeometry_column = \"g\""), 5, "a column's name"),
        (
            format!("{LEAST}table = \"a\"\nkey = \"k\""),
            1,
            "the key geometry_column: table, key and geometry_column go together",
        ),
        (format!("{LEAST}colours = \"#112233\""), 4, "found \"colours\""),
        (
            format!("{LEAST}time = \"name\"\n{NAME}"),
            4,
            "a date or timestamp field of this layer; \"name\" is of another type",
        ),
        (format!("{LEAST}time = \"at\"\n{NAME}"), 4, "it has no field \"at\""),
        (format!("{LEAST}category = \"name\"\n{NAME}"), 4, "a code field of this layer; \"name\" is of another type"),
        (format!("{LEAST}fields = 3"), 4, "tables [[fields]]"),
        (format!("{LEAST}{}", NAME.replace("\"name\"", "\"Name\"")), 5, "a letter first; found \"Name\""),
        (format!("{LEAST}{}", NAME.replace("\"name\"", "\"geom\"")), 5, "none of id, geom"),
        (
            format!("{LEAST}{}", NAME.replace("\"name\"", "\"count_theft\"")),
            5,
            "which the map itself uses; found \"count_theft\"",
        ),
        (format!("{LEAST}{}", NAME.replace("\"text\"", "\"string\"")), 7, "\"text\", \"integer\""),
        (format!("{LEAST}{}", NAME.replace("type = \"text\"\n", "")), 4, "the key type"),
        (format!("{LEAST}{}", NAME.replace("name = \"name\"\n", "")), 4, "the key name"),
        (format!("{LEAST}{NAME}{NAME}"), 9, "one that no field above has; found \"name\""),
        (
            format!("{LEAST}{NAME}codes = [{{ code = \"a\", vi = \"A\", en = \"A\" }}]"),
            4,
            "only in a field of type \"code\"",
        ),
        (format!("{LEAST}{NAME}min = 1"), 4, "min, max: only in a field of type"),
        (
            format!("{LEAST}{}min = 2\nmax = 1.5", NAME.replace("\"text\"", "\"real\"")),
            4,
            "min: not above max; found 2 and 1.5",
        ),
        (format!("{LEAST}{}", NAME.replace("\"text\"", "\"code\"")), 4, "the key codes: a list"),
        (format!("{LEAST}{}codes = []", NAME.replace("\"text\"", "\"code\"")), 4, "at least one code"),
        (
            format!("{LEAST}{}", KIND.replace("\"a\"", "\"A b\"")),
            9,
            "lower-case letters, digits and underscores; found \"A b\"",
        ),
        (
            format!("{LEAST}{}", KIND.replace("  {", "  { code = \"a\", vi = \"A\", en = \"A\" },\n  {")),
            10,
            "does not list yet; found \"a\"",
        ),
        (format!("{LEAST}{}", KIND.replace("en = \"A\"", "en = \"A\", colour = \"#12\"")), 9, "a colour such as"),
        (format!("{LEAST}{NAME}classification = \"none\""), 8, "\"public\", \"internal\""),
        (format!("{LEAST}unclosed = \"x"), 4, "TOML; "),
        (format!("{LEAST}id = \"x.y\""), 4, "TOML; duplicate key"),
    ];
    for (text, line, words) in cases {
        let faults = faults_of_layer(&text);
        let [fault] = faults.as_slice() else { panic!("{faults:#?}\nof\n{text}") };
        let begin = format!("layers/x.y.toml:{line}: expected ");
        assert!(
            fault.starts_with(&begin) && fault.contains(words),
            "{fault}\n  instead of {begin}… {words}\nof\n{text}"
        );
    }
}

#[test]
fn a_department_cannot_be_called_like_what_the_map_or_a_database_uses() {
    for department in
        ["unit", "units", "labels", "public", "pg_x", "gpkg", "rtree_a", "sqlite", "bandoso", "information_schema"]
    {
        let text = LEAST.replace("x.y", &format!("{department}.y"));
        let faults = load(&[(&format!("layers/{department}.y.toml"), &text)]).expect_err(department);
        assert!(faults.iter().any(|fault| fault.contains("a department other than")), "{faults:?}");
    }
    assert!(load(&[("layers/pgx.y.toml", &LEAST.replace("x.y", "pgx.y"))]).is_ok());
}

#[test]
fn a_fault_of_the_head_names_its_line_and_what_is_expected() {
    let cases = [
        ("time_zone = \"Mars/Base\"", 1, "a zone such as \"Asia/Ho_Chi_Minh\"; found \"Mars/Base\""),
        ("\nview = { lon = 200, lat = 0, zoom = 3 }", 2, "lon: a number from -180 to 180; found the integer 200"),
        ("view = { lon = 2, lat = nan, zoom = 3 }", 1, "lat: a number from -90 to 90"),
        ("view = { lon = 2, lat = 3 }", 1, "the key zoom"),
        ("[duty]\nwater = \"x.z\"", 2, "the id of a layer in layers/; found \"x.z\""),
        ("[duty]\nfire = \"x.y\"", 2, "one of the keys stations, water, cameras, incidents; found \"fire\""),
        ("[[places]]\ntitle = { vi = \"A\", en = \"A\" }\nlon = 1\nlat = 91", 4, "a number from -90 to 90"),
        (
            "[[places]]\ntitle = { vi = \"A\", en = \"A\" }\nlon = 1\nlat = 2\nmax_zoom = 3\nmin_zoom = 4",
            1,
            "not below min_zoom",
        ),
        (
            "[[departments]]\nid = \"Y\"\ntitle = { vi = \"A\", en = \"A\" }\n[[departments]]\nid = \"x\"\ntitle = { vi = \"A\", en = \"A\" }",
            2,
            "the first half of layers' ids",
        ),
        (
            "titel = 3",
            1,
            "one of the keys title, time_zone, view, attribution, departments, places, duty; found \"titel\"",
        ),
    ];
    for (text, line, words) in cases {
        let faults = load(&[("catalogue.toml", text), ("layers/x.y.toml", LEAST)]).expect_err(text);
        let [fault] = faults.as_slice() else { panic!("{faults:#?}\nof\n{text}") };
        assert!(fault.starts_with(&format!("catalogue.toml:{line}: expected ")) && fault.contains(words), "{fault}");
    }
}

#[test]
fn a_role_of_the_duty_desk_that_does_not_fit_is_refused_by_its_name() {
    let timed = format!(
        "{}time = \"seen\"\n{NAME}[[fields]]\nname = \"seen\"\ntitle = {{ vi = \"A\", en = \"A\" }}\ntype = \"timestamp\"\n",
        LEAST.replace("x.y", "x.t")
    );
    let files = |duty: &str| -> Result<Catalogue, Vec<String>> {
        load(&[("catalogue.toml", duty), ("layers/x.y.toml", LEAST), ("layers/x.t.toml", &timed)])
    };
    for good in [
        "[duty]\nwater = \"x.y\"",
        "[duty]\nincidents = { layer = \"x.t\", order = \"latest\", reach_m = 500, count = 7, filter = \"name = 'a'\" }",
    ] {
        assert!(files(good).is_ok(), "{good}: {:?}", files(good).err());
    }
    for (duty, place, words) in [
        ("duty = 3", "catalogue.toml:1", "a table of roles"),
        ("[duty]\nwater = 3", "catalogue.toml:2", "a layer's id"),
        ("[duty]\nwater = { layer = \"x.z\" }", "catalogue.toml:2", "the id of a layer in layers/; found \"x.z\""),
        ("[duty]\nwater = { count = 3 }", "catalogue.toml:2", "layer"),
        ("[duty]\nwater = { layer = \"x.y\", count = 0 }", "catalogue.toml:2", "count"),
        ("[duty]\nwater = { layer = \"x.y\", count = 101 }", "catalogue.toml:2", "count"),
        ("[duty]\nwater = { layer = \"x.y\", reach_m = 0 }", "catalogue.toml:2", "reach_m"),
        ("[duty]\nwater = { layer = \"x.y\", reach_m = 100001 }", "catalogue.toml:2", "reach_m"),
        ("[duty]\nwater = { layer = \"x.y\", order = \"newest\" }", "catalogue.toml:2", "nearest or latest"),
        ("[duty]\nwater = { layer = \"x.y\", filter = \"name = \" }", "catalogue.toml:2", "a filter in CQL2 text"),
        ("[duty]\nwater = { layer = \"x.y\", radius = 3 }", "catalogue.toml:2", "found \"radius\""),
        ("[duty]\nwater = { layer = \"x.t\", order = \"latest\" }", "catalogue.toml:2", "reach_m beside order"),
        (
            "[duty]\nwater = { layer = \"x.t\", filter = \"colour = 1\" }",
            "catalogue.toml",
            "water.filter that fits x.t",
        ),
        (
            "[duty]\nwater = { layer = \"x.y\", order = \"latest\", reach_m = 5 }",
            "catalogue.toml",
            "water.order nearest: x.y has no time",
        ),
    ] {
        let faults = files(duty).expect_err(duty);
        let [fault] = faults.as_slice() else { panic!("{faults:#?}\nof\n{duty}") };
        assert!(fault.starts_with(&format!("{place}: expected ")) && fault.contains(words), "{fault}\nof\n{duty}");
    }
}

#[test]
fn a_layer_of_a_department_that_is_not_listed_is_refused() {
    let head = "[[departments]]\nid = \"a\"\ntitle = { vi = \"A\", en = \"A\" }";
    let faults = load(&[("catalogue.toml", head), ("layers/x.y.toml", LEAST)]).expect_err("x is not listed");
    assert_eq!(faults, ["layers/x.y.toml:1: expected id: a department that catalogue.toml lists (a); found \"x\""]);
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let bad = format!("{LEAST}colour = 1\nsymbol = 2\n{}", NAME.replace("\"text\"", "\"txt\""));
    let faults = load(&[
        ("catalogue.toml", "title = 1\nplaces = 2"),
        ("layers/x.y.toml", &bad),
        ("layers/x.z.toml", LEAST),
        ("layers/x.w.toml", "id = "),
    ]);
    let places: Vec<_> = faults
        .expect_err("faults")
        .iter()
        .map(|fault| fault.split(": ").next().unwrap_or_default().to_owned())
        .collect();
    let expected = [
        "catalogue.toml:1",
        "catalogue.toml:2",
        "layers/x.w.toml:1",
        "layers/x.y.toml:4",
        "layers/x.y.toml:5",
        "layers/x.y.toml:9",
        "layers/x.z.toml:1",
    ];
    assert_eq!(places, expected);
}

#[test]
fn files_that_cannot_be_layers_are_refused_as_a_whole() {
    let large = format!("{LEAST}#{}", " ".repeat(1 << 20));
    let cases: [(&str, Files<'_>, &str); 4] = [
        ("no directory of layers", &[("catalogue.toml", "")], "layers: expected a directory with one file per layer"),
        (
            "no layer",
            &[("layers/README.md", "")],
            "layers: expected 1 to 500 layer files such as police.incidents.toml; found 0",
        ),
        ("too large", &[("layers/x.y.toml", &large)], "layers/x.y.toml: expected a file of at most 1048576 bytes"),
        (
            "one table",
            &[
                ("layers/a.b_c.toml", &LEAST.replace("x.y", "a.b_c")),
                ("layers/a_b.c.toml", &LEAST.replace("x.y", "a_b.c")),
            ],
            "both would be one table",
        ),
    ];
    for (what, files, words) in cases {
        let faults = load(files).expect_err(what);
        assert!(faults.len() == 1 && faults.iter().any(|fault| fault.contains(words)), "{what}: {faults:?}");
    }
    assert!(load_catalogue(Some(Path::new("/nowhere/at/all"))).is_err());
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let dir = tempfile::tempdir().expect("a directory for the test");
    fs::create_dir(dir.path().join("layers")).expect("a directory for the layers");
    fs::write(dir.path().join("layers/x.y.toml"), [0xff, 0xfe]).expect("a file for the test");
    let faults = load_catalogue(Some(dir.path())).expect_err("no text");
    assert!(faults.iter().any(|fault| fault.expected == "text in UTF-8"), "{faults:?}");
}

#[test]
fn lists_without_end_are_refused() {
    let field = |n: usize| NAME.replace("\"name\"", &format!("\"f{n}\""));
    let fields: String = (0..=200).map(field).collect();
    let codes =
        (0..=2_000).map(|n| format!("{{ code = \"c{n}\", vi = \"C\", en = \"C\" }}")).collect::<Vec<_>>().join(",");
    let coded = format!("{}codes = [{codes}]\n", NAME.replace("\"text\"", "\"code\""));
    for (text, words) in [(fields, "fields: at most 200; found 201"), (coded, "codes: at most 2000; found 2001")] {
        let faults = faults_of_layer(&format!("{LEAST}{text}"));
        assert!(faults.len() == 1 && faults.iter().any(|fault| fault.contains(words)), "{faults:?}");
    }
}
