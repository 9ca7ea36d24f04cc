//! What a point takes in memory, by the columns' own accounts.

use bandoso::config::load_catalogue;
use bandoso::demo::Crowd;
use bandoso::engine::columns::ColumnsBuilder;
use bandoso::engine::cql2::{check, read_text};
use bandoso::engine::parts::Parts;
use bandoso::engine::select::Selected;
use bandoso::model::{Feature, LayerId, Value, View};

const POINTS: u64 = 100_000;
const FILTERS: [&str; 6] = [
    "CASEI(title) LIKE '%trộm%'",
    "ACCENTI(title) LIKE '%Trom%'",
    "ACCENTI(CASEI(title)) LIKE '%trom%xe%'",
    "ACCENTI(CASEI(title)) LIKE '%cho 1%'",
    "title LIKE '%chợ%'",
    "title = 'không có'",
];

/// Bytes a point of a layer with all its eight fields and the index of its names: at rest, and after filters on titles.
fn bytes_a_point(title: impl Fn(u64, &Value) -> Value) -> [f64; 2] {
    let catalogue = load_catalogue(None).expect("the catalogue");
    let id = LayerId::parse("layer", "police.incidents").expect("an id");
    let layer = catalogue.layer(&id).expect("the layer");
    assert_eq!(layer.fields.len(), 8);
    let field = layer.name.expect("a field of names");
    let (address, _) = layer.field("address").expect("a field of addresses");
    let mut builder = ColumnsBuilder::new(layer, &catalogue.time_zone);
    let mut rows = (1..=POINTS).zip(Crowd::new(layer, 2025)).map(|(id, row)| {
        let mut values = row.values;
        values[field] = title(id, &values[field]);
        // Of a million made-up addresses each is met 25 times; so few rows would have more of them than a province has.
        values[address] = Value::Text(format!("{} Quang Trung", id % 1_000));
        Feature { id, at: row.at, values, units: Vec::new() }
    });
    loop {
        let batch: Vec<Feature> = rows.by_ref().take(5_000).collect();
        if batch.is_empty() {
            break;
        }
        builder.push(&batch);
    }
    let parts = Parts::new(builder.finish());
    let columns = &parts.iter().next().expect("a part").columns;
    assert!(columns.names(field).is_some_and(|names| !names.is_empty()));
    let a_point = || columns.bytes() as f64 / POINTS as f64;
    let at_rest = a_point();
    for text in FILTERS {
        let asked = read_text("filter", text).expect(text);
        let filter = check("filter", &asked, layer, View::EVERYTHING, &catalogue.time_zone).expect(text);
        Selected::everything(&parts).filtered(&filter).rows().count();
    }
    [at_rest, a_point()]
}

#[test]
fn a_point_whose_title_is_its_own_takes_110_bytes_at_most_also_after_filters() {
    let words = ["Trom cap xe", "Chay nha to", "Va cham nhe", "Mat trau bo", "Gay roi dem"];
    let of_its_own = |id: u64, _: &Value| {
        let word = words[(id.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as usize % words.len()];
        Value::Text(format!("{word} cho, so vu {id:07}"))
    };
    let Value::Text(example) = of_its_own(1, &Value::Null) else { panic!("a text") };
    assert_eq!(example.len(), 30, "{example}");
    for (what, [at_rest, filtered]) in
        [("of its own", bytes_a_point(of_its_own)), ("made up", bytes_a_point(|_, title| title.clone()))]
    {
        assert!(at_rest <= 108.5, "title {what}: {at_rest} bytes a point at rest");
        assert!(filtered <= 110.0, "title {what}: {filtered} bytes a point after filters");
    }
}
