//! `/import`: files that are sent, with the answers of the command line.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use bandoso::http::{HttpSettings, Writes};
use bandoso::model::View;
use serde_json::{Value, json};

use super::ogc::edits::{Desk, Told, hospital};

const FORM: &str = "multipart/form-data; boundary=XX";
const ADDRESS: &str = "/import?layer=health.hospitals";
/// Semicolons and decimal commas, titles in Vietnamese; one row has its coordinates exchanged.
const FILE: &str = "Mã;Tên;Kinh độ;Vĩ độ\na;Một;108,80;15,12\nb;Hai;108,81;15,13\nc;Ba;15,1;108,8\n";

fn form(parts: &[(&str, &str, &str)]) -> String {
    let part = |(name, file, body): &(&str, &str, &str)| {
        let file = if file.is_empty() { String::new() } else { format!("; filename=\"{file}\"") };
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{body}\r\n")
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    format!("{}--XX--\r\n", parts.concat())
}

async fn send(desk: &Desk, more: &str, headers: &[(&str, &str)], parts: &[(&str, &str, &str)]) -> Told {
    let headers = [&[("content-type", FORM)], headers].concat();
    desk.ask(Method::POST, &format!("{ADDRESS}{more}"), &headers, form(parts)).await
}

fn counts(report: &Value) -> [Option<u64>; 3] {
    ["added", "unchanged", "rejected"].map(|name| report[name].as_u64())
}

async fn stored(desk: &Desk) -> u64 {
    desk.get("/query/count?layer=health.hospitals").await.json()["total"].as_u64().expect("a total")
}

#[tokio::test]
async fn a_file_is_looked_at_written_and_taken_back() {
    let desk = Desk::open().await;
    let file = [("file", "../vụ.csv", FILE)];
    let looked = send(&desk, "&dry_run=true", &[], &file).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", String::from_utf8_lossy(&looked.body));
    let report = looked.json();
    assert_eq!((&report["written"], counts(&report)), (&json!(false), [Some(2), Some(0), Some(1)]));
    assert_eq!(report["findings"], json!({ "swapped_axes": 1 }));
    assert_eq!((&report["first_findings"][0]["line"], &report["files"][0]["file"]), (&json!(4), &json!("vụ.csv")));
    assert_eq!(report["guesses"][0]["columns"][1]["goes_into"], json!(["name"]));
    assert_eq!(stored(&desk).await, 0, "a look writes nothing");

    let written = send(&desk, "", &[("bandoso-who", "Lan")], &file).await.json();
    assert_eq!(counts(&written), [Some(2), Some(0), Some(1)]);
    assert_eq!(counts(&send(&desk, "", &[], &file).await.json()), [Some(0), Some(2), Some(1)], "sent again");
    let batch = written["batch"].as_u64().expect("a batch");
    let told = desk.get(&format!("/batches/{batch}")).await.json();
    assert_eq!((&told["who"], &told["source"]), (&json!("Lan"), &json!(["vụ.csv"])));
    let undone = desk.ask(Method::POST, &format!("/batches/{batch}/undo"), &[], "").await;
    assert_eq!(undone.status, StatusCode::OK);
    assert_eq!(stored(&desk).await, 0);
}

#[tokio::test]
async fn a_mapping_corrects_what_was_guessed() {
    let desk = Desk::open().await;
    let mapping = r#"{"leave_out":["Tên"],"fields":{"id":"Mã"}}"#;
    for (kind, text) in [("JSON", mapping), ("TOML", "leave_out = [\"Tên\"]\n[fields]\nid = \"Mã\"\n")] {
        let parts = [("mapping", "", text), ("file", "a.csv", FILE)];
        let report = send(&desk, "&dry_run=true", &[], &parts).await.json();
        assert_eq!(report["guesses"][0]["columns"][1]["goes_into"], json!([]), "{kind}");
        assert_eq!(report["first_rows"][0]["values"], json!({}), "{kind}");
    }
    let bad = send(&desk, "", &[], &[("mapping", "", "{\"colour\":1}"), ("file", "a.csv", FILE)]).await;
    assert_eq!((bad.status, &bad.json()["parameter"]), (StatusCode::BAD_REQUEST, &json!("mapping")));
}

#[tokio::test]
async fn the_last_line_of_a_told_import_is_its_report() {
    let desk = Desk::open().await;
    let told = send(&desk, "", &[("accept", "application/x-ndjson")], &[("file", "a.csv", FILE)]).await;
    assert_eq!((told.status, told.header("content-type")), (StatusCode::OK, "application/x-ndjson"));
    let text = String::from_utf8(told.body).expect("UTF-8");
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    assert_eq!(counts(&last["report"]), [Some(2), Some(0), Some(1)]);
    let told = send(&desk, "", &[("accept", "application/x-ndjson")], &[("file", "a.xlsx", "PK\u{3}\u{4}")]).await;
    let last: Value = serde_json::from_slice(&told.body).expect("one line");
    assert_eq!(last["problem"]["status"], 422, "{last}");
}

#[tokio::test]
async fn rows_that_are_left_out_come_back_in_the_senders_columns() {
    let desk = Desk::open().await;
    let answer = desk.ask(Method::POST, &format!("{ADDRESS}&f=rejects&name=a.csv"), &[], FILE).await;
    let text = String::from_utf8(answer.body).expect("UTF-8");
    let (head, rest) = text.split_once('\n').expect("a head");
    assert!(head.starts_with("\u{feff}Mã,Tên,Kinh độ,Vĩ độ,"), "{head}");
    assert!(rest.starts_with("c,Ba,\"15,1\",\"108,8\",a.csv,4,swapped_axes,"), "{rest}");
    assert_eq!(stored(&desk).await, 0);
}

#[tokio::test]
async fn what_cannot_be_imported_is_refused_in_words_that_tell_nothing_of_this_machine() {
    let desk = Desk::open().await;
    let temporary = std::env::temp_dir().display().to_string();
    for (more, headers, parts, status) in [
        ("", vec![], vec![("file", "a.xlsx", "PK\u{3}\u{4}broken")], StatusCode::UNPROCESSABLE_ENTITY),
        ("", vec![], vec![("file", "a.csv", "a,b\n1,\"2\n")], StatusCode::UNPROCESSABLE_ENTITY),
        ("", vec![], vec![], StatusCode::BAD_REQUEST),
        ("", vec![], vec![("other", "", "x")], StatusCode::BAD_REQUEST),
        ("&colour=1", vec![], vec![("file", "a.csv", FILE)], StatusCode::BAD_REQUEST),
        ("&crs=EPSG:1", vec![], vec![("file", "a.csv", FILE)], StatusCode::BAD_REQUEST),
        ("&strict=true", vec![], vec![("file", "a.csv", FILE)], StatusCode::UNPROCESSABLE_ENTITY),
        ("", vec![("origin", "https://evil.example")], vec![("file", "a.csv", FILE)], StatusCode::FORBIDDEN),
        ("", vec![("sec-fetch-site", "cross-site")], vec![("file", "a.csv", FILE)], StatusCode::FORBIDDEN),
    ] {
        let answer = send(&desk, more, &headers, &parts).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.status, status, "{more} {parts:?}: {text}");
        assert!(!text.contains(&temporary), "{text}");
    }
    assert_eq!(stored(&desk).await, 0);
    let unknown = desk.ask(Method::POST, "/import?layer=no.layer&name=a.csv", &[], FILE).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_file_beyond_the_bound_is_refused_while_it_comes() {
    let settings = HttpSettings {
        view: View::EVERYTHING,
        writes: Writes::ThisMachine,
        import_bytes: 50,
        ..HttpSettings::default()
    };
    let desk = Desk::with(settings).await;
    assert_eq!(send(&desk, "", &[], &[("file", "a.csv", FILE)]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let readers = Desk::with(HttpSettings { view: View::EVERYTHING, ..HttpSettings::default() }).await;
    assert_eq!(send(&readers, "", &[], &[("file", "a.csv", FILE)]).await.status, StatusCode::FORBIDDEN);
}

/// Whoever is told that nothing came of it, or has gone, sends it again.
#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_answered_in_time_is_not_written_later() {
    let everything = HttpSettings { view: View::EVERYTHING, writes: Writes::ThisMachine, ..HttpSettings::default() };
    let desk = Desk::with(HttpSettings { request_timeout: Duration::from_millis(300), ..everything }).await;
    let other = rusqlite::Connection::open(desk.file()).expect("the file");
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let (address, body) = ("/ogc/collections/health.hospitals/items", hospital("Bệnh viện"));
    let file = [("file", "a.csv", FILE)];
    let (first, second, import) = tokio::join!(
        desk.send(Method::POST, address, "application/geo+json", &body),
        desk.send(Method::POST, address, "application/geo+json", &body),
        tokio::time::timeout(Duration::from_millis(600), send(&desk, "", &[], &file)),
    );
    for told in [first, second] {
        assert_eq!((told.status, told.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    }
    assert!(import.is_err(), "it waits for the other program");
    other.execute_batch("COMMIT").expect("done");
    // It comes after all that waited.
    let imported = send(&desk, "", &[], &[("file", "b.csv", "Mã;Tên;Kinh độ;Vĩ độ\nz;Z;108,80;15,12\n")]).await.json();
    assert_eq!(imported["added"], 1, "{imported}");
    let count = "SELECT count(*) FROM health_hospitals";
    assert_eq!(other.query_row(count, [], |row| row.get::<_, i64>(0)).expect("a count"), 1);
}

#[test]
fn the_store_says_no_to_an_edit_before_the_time_for_an_answer_is_over() {
    let waits = bandoso::store::geopackage::EDIT_WAIT;
    assert!(waits + Duration::from_secs(5) < HttpSettings::default().request_timeout);
}
