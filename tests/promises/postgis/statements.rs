//! Every statement under `sql/` is one that PostGIS understands.

use crate::support::postgres::{TestDatabase, client, execute};

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_prepares_and_explains_itself() {
    let Some(database) = TestDatabase::fresh() else { return };
    let client = client(database.url()).await;
    let file = |name: &str| std::fs::read_to_string(format!("{}/sql/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name);
    execute(&client, "SET search_path = bandoso, public, pg_temp").await;
    execute(&client, &format!("BEGIN; {}", file("stage_units.sql"))).await;
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql")).expect("sql/");
    let files = folder
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|name| name == "sql"));
    let names: Vec<String> = files.map(|path| path.file_name().expect("a name").to_string_lossy().into()).collect();
    assert!(names.len() >= 16, "{names:?}");
    for name in names {
        let sql = file(&name);
        assert!(sql.starts_with("-- "), "{name} begins with what it is for");
        if !["stage_units.sql", "listen.sql", "give_versions.sql"].contains(&name.as_str()) {
            client.prepare(&sql).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
    }
}
