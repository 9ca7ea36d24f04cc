//! `bandoso import`: how a sender's way of writing is understood, shown, corrected and kept.

use bandoso::model::Value;

use super::support::program::Desk;

const SENT: &str = "\
DANH SÁCH VỤ VIỆC THÁNG 7;;;;;\n\
Mã số;Nhóm vụ việc;Thời gian xảy ra;Kinh độ;Vĩ độ;Ghi chú riêng\n\
VV-1;Trộm cắp tài sản;25/07/2025 08:30;108,8;15,1;a\n\
VV-2;theft;1/8/2025 20h15;108,9;15,2;b\n\
VV-3;Trộm vặt;02/08/2025;108,95;15,25;c\n";

#[test]
fn a_vietnamese_sheet_is_understood_without_a_word_and_the_guess_is_told() {
    let desk = Desk::new();
    desk.file("sent.csv", SENT);
    let said = desk.run("import --layer police.incidents sent.csv --dry-run");
    assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
    for told in [
        "delimiter ';'",
        "header row 2",
        "Mã số → id",
        "Nhóm vụ việc → category (theo tiêu đề / by title; \"Trộm cắp tài sản\" = theft",
        "→ occurred_at",
        "ngày trước / day first",
        "Kinh độ → x",
        "Ghi chú riêng → bỏ qua / left out",
        "sent.csv:3: VV-1 [108.8, 15.1]",
        "category=theft",
        "occurred_at=2025-07-25T08:30:00+07:00",
        "nothing was written (--dry-run)",
    ] {
        assert!(said.out.contains(told), "{told} is not in\n{}", said.out);
    }
    assert!(said.err.contains("sent.csv:5: unknown_code: category: \"Trộm vặt\""), "{}", said.err);
    assert!(!desk.path("map.gpkg").exists());
    let said = desk.run("import --layer police.incidents sent.csv");
    assert!(said.out.contains("read 3, added 3"), "{}{}", said.out, said.err);
    assert!(said.err.contains("sent.csv: \"Mã số\" goes into id (--map)"), "what was guessed is told: {}", said.err);
}

#[test]
fn a_mapping_is_saved_corrected_and_used_for_the_next_file() {
    let desk = Desk::new();
    desk.file("sent.csv", SENT);
    desk.done("import --layer police.incidents sent.csv --dry-run --save-mapping sender.toml");
    let saved = std::fs::read_to_string(desk.path("sender.toml")).unwrap();
    for told in
        ["delimiter = \";\"", "header_row = 2", "x = \"Kinh độ\"", "id = \"Mã số\"", "\"Trộm cắp tài sản\" = \"theft\""]
    {
        assert!(saved.contains(told), "{told} is not in\n{saved}");
    }
    let corrected =
        saved.replace("\"Trộm cắp tài sản\" = \"theft\"", "\"Trộm cắp tài sản\" = \"theft\"\n\"Trộm vặt\" = \"theft\"");
    desk.file("sender.toml", corrected);
    desk.done("import --layer police.incidents sent.csv --mapping sender.toml --strict");
    let stored = desk.features("police.incidents");
    let thefts = stored.iter().filter(|row| row.values.contains(&Value::Text("theft".into())));
    assert_eq!(thefts.count(), 3);
    desk.file("other.toml", "layer = \"health.facilities\"\n");
    desk.file("broken.toml", "colour = 1\n");
    for (words, expected) in [
        ("--mapping other.toml", "--mapping: expected a mapping for police.incidents"),
        ("--mapping broken.toml", "broken.toml: expected a mapping in TOML"),
        ("--mapping absent.toml", "absent.toml: No such file"),
        ("--decimal x", "--decimal: expected point or comma"),
        ("--dates x", "--dates: expected day-first or month-first"),
        ("--encoding x", "--encoding: expected one of utf-8"),
        ("--delimiter ab", "--delimiter: expected one character"),
    ] {
        let said = desk.run(&format!("import --layer police.incidents sent.csv {words}"));
        assert_eq!(said.code, Some(2), "{words}");
        assert!(said.err.contains(expected), "{words}: {}", said.err);
    }
}

#[test]
fn the_order_of_dates_is_decided_by_the_whole_column_and_never_row_by_row() {
    let rows = |dates: &[&str]| {
        dates
            .iter()
            .enumerate()
            .fold("id,lon,lat,occurred_at\n".to_owned(), |text, (id, date)| format!("{text}{id},108.8,15.1,{date}\n"))
    };
    let days = |desk: &Desk| {
        let of = |value: &Value| if let Value::Timestamp(at) = value { Some(at.to_string()) } else { None };
        let features = desk.features("police.incidents");
        features.iter().map(|row| row.values.iter().find_map(of)).collect::<Vec<_>>()
    };
    let desk = Desk::new();
    desk.file("a.csv", rows(&["01/02/2025", "12/31/2024"]));
    desk.done("import --layer police.incidents a.csv --strict");
    assert_eq!(days(&desk), [Some("2025-01-01T17:00:00Z".into()), Some("2024-12-30T17:00:00Z".into())]);
    let desk = Desk::new();
    desk.file("a.csv", rows(&["01/02/2025", "31/12/2024", "12/31/2024", "2024-12-31"]));
    let said = desk.run("import --layer police.incidents a.csv");
    assert!(said.err.contains("a.csv:4: unparsable_date: occurred_at"), "{}", said.err);
    assert_eq!(days(&desk)[0].as_deref(), Some("2025-01-31T17:00:00Z"));
    assert_eq!(days(&desk)[2], None);
    let desk = Desk::new();
    desk.file("a.csv", rows(&["01/02/2025"]));
    let said = desk.run("import --layer police.incidents a.csv");
    assert!(said.err.contains("is taken to have dates with the day first (--dates)"), "{}", said.err);
    let said = desk.run("import --layer police.incidents a.csv --dates month-first --dry-run");
    assert!(said.out.contains("occurred_at=2025-01-02T00:00:00+07:00"), "{}", said.out);
}
