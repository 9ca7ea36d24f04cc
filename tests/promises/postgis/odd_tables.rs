//! Tables that others make, change, lock and swap, and rows that no map has: one of them stops no other, and none is missed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bandoso::atlas::{Atlas, AtlasError, AtlasSettings, read_text};
use bandoso::model::{
    AsOf, By, CountRequest, Day, FieldType, FoundFeature, Layer, LayerId, LonLat, Published, QualityRequest, Residency,
    SearchRequest, TimeInterval, Value, View,
};
use bandoso::store::{Author, Edit, Store, When};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::support::postgres::{TestDatabase, client, execute};
use crate::support::province::units;
use crate::support::rows::{catalogue, everywhere, layer};

/// Another office's table.
const SITES: &str = "CREATE SCHEMA gis;
    CREATE TABLE gis.sites (gid integer PRIMARY KEY, geom geometry(Geometry), name text, val numeric, seen timestamp);
    INSERT INTO gis.sites SELECT n, ST_Point(108.2, 14.8, 4326), 's' || n, n, '2025-07-01' FROM generate_series(1, 3) n";

/// Its layer.
fn sites() -> Layer {
    use FieldType::{Real, Text, Timestamp};
    let published = Published { table: "gis.sites".into(), key: "gid".into(), geometry_column: "geom".into() };
    Layer { published: Some(published), ..layer("test.sites", &[("name", Text), ("val", Real), ("seen", Timestamp)]) }
}

/// A layer's own table beside it.
fn own() -> Layer {
    layer("test.own", &[("name", FieldType::Text)])
}

/// An atlas that follows a database, and somebody else in it.
struct Map {
    atlas: Arc<Atlas>,
    psql: Client,
    database: TestDatabase,
}

fn search(text: &str) -> SearchRequest {
    let as_of = Day::parse("as_of", "2025-07-01").expect("a day");
    SearchRequest { text: text.into(), sources: Vec::new(), near: None, as_of, limit: 10 }
}

impl Map {
    async fn open(setup: &str, layers: &[Layer]) -> Option<Self> {
        let database = TestDatabase::fresh()?;
        let psql = client(database.url()).await;
        execute(&psql, setup).await;
        let store = database.store().await;
        store.put_units(&units(), &[]).await.expect("units");
        let atlas = Atlas::open(Arc::new(store), catalogue(layers), AtlasSettings::default()).await.expect("an atlas");
        Some(Self { atlas, psql, database })
    }

    async fn features(&self, layer: &Layer) -> Result<Vec<FoundFeature>, AtlasError> {
        let request = everywhere(&layer.id, 1_000);
        Ok(self.atlas.within(View::EVERYTHING, request, |page, _| page).await?.features)
    }

    /// Waits until a layer shows just these features, by id and name.
    async fn shows(&self, layer: &Layer, expected: &[(u64, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(id, name)| (*id, Value::Text((*name).to_owned()))).collect();
        self.until(&format!("{} shows {expected:?}", layer.id), async || {
            let features = self.features(layer).await.unwrap_or_default();
            let shown = features.into_iter().map(|found| (found.feature.id, found.feature.values[0].clone()));
            shown.eq(expected.iter().cloned())
        })
        .await;
    }

    /// Waits until a row of a layer's own table has the links that belong to its place, and is shown with them.
    async fn joins(&self, layer: &Layer, id: u64) {
        let ask = format!("SELECT bandoso.unit_links(geom) FROM {} WHERE id = {id}", layer.id);
        let links: Vec<i32> = self.psql.query_one(&ask, &[]).await.expect("links").get(0);
        assert!(!links.is_empty());
        self.until(&format!("{} {id} is joined with {links:?}", layer.id), async || {
            let features = self.features(layer).await.unwrap_or_default();
            let found = features.iter().find(|found| found.feature.id == id);
            found.is_some_and(|found| found.feature.units.iter().map(|link| link.to_stored()).eq(links.iter().copied()))
        })
        .await;
    }

    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let begun = Instant::now();
        while !is_so().await {
            assert!(begun.elapsed() < Duration::from_secs(20), "never: {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_no_map_has_stops_no_other() {
    let Some(map) = Map::open(SITES, &[sites(), own()]).await else { return };
    let faults = [
        ("val = '1e400'", true),
        ("val = '-1e-400'", true),
        ("val = 'NaN'", true),
        ("seen = '4714-11-24 BC'", true),
        ("seen = '294276-12-31 23:00'", true),
        ("seen = 'infinity'", true),
        ("geom = ST_SetSRID(ST_MakePoint(148000000, 1083000000), 3405)", false),
        ("geom = ST_SetSRID(ST_MakePoint(1e15, 1e15), 3405)", false),
        ("geom = ST_SetSRID(ST_MakePoint(108.5, 14.8), 990001)", false),
        ("geom = ST_SetSRID(ST_MakePoint('inf', '-inf'), 4326)", false),
        ("geom = ST_SetSRID(ST_MakePoint('nan', 14.8), 3405)", false),
    ];
    for (step, (fault, is_shown)) in (10..).zip(faults) {
        let (name, place) = (format!("after {step}"), "ST_Point(108.2, 14.8, 4326)");
        execute(&map.psql, &format!("UPDATE gis.sites SET {fault}, name = '{name}' WHERE gid = 2")).await;
        execute(
            &map.psql,
            &format!("TRUNCATE test.own; INSERT INTO test.own (id, geom, name) VALUES ({step}, {place}, 'own')"),
        )
        .await;
        map.shows(&own(), &[(step, "own")]).await;
        let rows: &[_] = if is_shown { &[(1, "s1"), (2, &name), (3, "s3")] } else { &[(1, "s1"), (3, "s3")] };
        map.shows(&sites(), rows).await;
        // Loaded whole as well: a change of units joins a table of others anew.
        execute(
            &map.psql,
            "UPDATE bandoso.units SET name = name || '.' WHERE id = (SELECT min(id) FROM bandoso.units)",
        )
        .await;
        execute(&map.psql, &format!("UPDATE gis.sites SET name = 't{step}' WHERE gid = 3")).await;
        let third = format!("t{step}");
        let rows: &[_] = if is_shown { &[(1, "s1"), (2, &name), (3, &third)] } else { &[(1, "s1"), (3, &third)] };
        map.shows(&sites(), rows).await;
        let again = format!("UPDATE gis.sites SET geom = {place}, val = 2, seen = NULL, name = 's' || gid");
        execute(&map.psql, &again).await;
        map.shows(&sites(), &[(1, "s1"), (2, "s2"), (3, "s3")]).await;
    }
    assert!(map.atlas.lagging(View::EVERYTHING).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_read_lags_alone_and_catches_up() {
    let Some(map) = Map::open(SITES, &[sites(), own()]).await else { return };
    let lags = async |lags: bool| {
        let all = || map.atlas.lagging(View::EVERYTHING);
        map.until(&format!("lagging {lags}"), async || all() == if lags { vec![sites().id] } else { Vec::new() }).await;
    };
    for (step, (broken, mended)) in (10..).zip([
        ("ALTER TABLE gis.sites RENAME geom TO the_geom", "ALTER TABLE gis.sites RENAME the_geom TO geom"),
        ("ALTER TABLE gis.sites RENAME gid TO fid", "ALTER TABLE gis.sites RENAME fid TO gid"),
        (
            "ALTER TABLE gis.sites ALTER gid TYPE text",
            "ALTER TABLE gis.sites ALTER gid TYPE integer USING gid::integer",
        ),
        ("ALTER TABLE gis.sites RENAME TO gone", "ALTER TABLE gis.gone RENAME TO sites"),
    ]) {
        execute(&map.psql, broken).await;
        lags(true).await;
        let (table, name) = (if step == 13 { "gone" } else { "sites" }, format!("n{step}"));
        // Its owner goes on writing.
        execute(
            &map.psql,
            &format!("UPDATE gis.{table} SET name = '{name}' WHERE name IN ('s2', 'n10', 'n11', 'n12')"),
        )
        .await;
        let place = "ST_Point(108.2, 14.8, 4326)";
        execute(&map.psql, &format!("INSERT INTO test.own (id, geom, name) VALUES ({step}, {place}, 'own')")).await;
        let all: Vec<(u64, &str)> = (10..=step).map(|id| (id, "own")).collect();
        map.shows(&own(), &all).await;
        assert_eq!(map.features(&sites()).await.expect("shown as it was last").len(), 3);
        execute(&map.psql, mended).await;
        lags(false).await;
        map.shows(&sites(), &[(1, "s1"), (2, &name), (3, "s3")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_table_holds_up_no_other() {
    let Some(map) = Map::open(SITES, &[sites(), own()]).await else { return };
    let other = client(map.database.url()).await;
    execute(&map.psql, "BEGIN; UPDATE gis.sites SET name = 'x' WHERE gid = 2; COMMIT; BEGIN; LOCK TABLE gis.sites")
        .await;
    execute(&other, "INSERT INTO test.own (id, geom, name) VALUES (1, ST_Point(108.2, 14.8, 4326), 'own')").await;
    map.shows(&own(), &[(1, "own")]).await;
    execute(&other, "UPDATE test.own SET name = 'again'").await;
    map.shows(&own(), &[(1, "again")]).await;
    execute(&map.psql, "COMMIT").await;
    map.shows(&sites(), &[(1, "s1"), (2, "x"), (3, "s3")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_begins_without_the_layer_that_it_cannot_read() {
    let Some(map) = Map::open("CREATE SCHEMA gis", &[sites(), own()]).await else { return };
    execute(&map.psql, "INSERT INTO test.own (id, geom, name) VALUES (1, ST_Point(108.2, 14.8, 4326), 'own')").await;
    map.shows(&own(), &[(1, "own")]).await;
    let refused = map.features(&sites()).await;
    assert!(matches!(&refused, Err(AtlasError::Unreadable { layer, .. }) if layer == "test.sites"), "{refused:?}");
    let unknown = Layer { id: LayerId::parse("layer", "test.none").expect("an id"), ..sites() };
    assert!(matches!(map.features(&unknown).await, Err(AtlasError::UnknownLayer(_))));
    execute(&map.psql, SITES.trim_start_matches("CREATE SCHEMA gis;")).await;
    map.shows(&sites(), &[(1, "s1"), (2, "s2"), (3, "s3")]).await;
    execute(&map.psql, "UPDATE gis.sites SET name = 'new' WHERE gid = 1").await;
    map.shows(&sites(), &[(1, "new"), (2, "s2"), (3, "s3")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_in_the_database_whose_table_is_gone_is_to_be_asked_again_and_no_fault() {
    let large = Layer { residency: Residency::Database, name: Some(0), ..sites() };
    let Some(map) = Map::open(SITES, &[large.clone(), own()]).await else { return };
    map.shows(&large, &[(1, "s1"), (2, "s2"), (3, "s3")]).await;
    for (broken, mended) in [
        ("ALTER TABLE gis.sites RENAME TO gone", "ALTER TABLE gis.gone RENAME TO sites"),
        ("ALTER TABLE gis.sites RENAME gid TO fid", "ALTER TABLE gis.sites RENAME fid TO gid"),
    ] {
        execute(&map.psql, broken).await;
        // At once, and when it is known that the layer lags.
        for lags in [false, true] {
            map.until(broken, async || !lags || map.atlas.lagging(View::EVERYTHING) == [large.id.clone()]).await;
            let refused = map.features(&large).await;
            assert!(
                matches!(&refused, Err(AtlasError::Unreadable { layer, .. }) if layer == "test.sites"),
                "{refused:?}"
            );
            // The rest of a search is worth having.
            let found = map.atlas.search(View::EVERYTHING, search("s1")).await.expect("without it").0;
            assert_eq!(found.incomplete, std::slice::from_ref(&large.id));
        }
        execute(&map.psql, mended).await;
        map.shows(&large, &[(1, "s1"), (2, "s2"), (3, "s3")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quality_of_what_is_held_is_told_while_its_table_is_gone() {
    let Some(map) = Map::open(SITES, &[sites()]).await else { return };
    execute(&map.psql, "ALTER TABLE gis.sites RENAME TO gone").await;
    let today = map.atlas.clock().today;
    let request = QualityRequest { layer: sites().id, datetime: None, filter: None, as_of: AsOf::Own, today };
    let quality = map.atlas.quality(View::EVERYTHING, request).await.expect("of the rows that are held");
    assert_eq!((quality.features, quality.left_out), (3, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_swapped_to_and_fro_are_each_shown() {
    let Some(map) = Map::open(SITES, &[sites()]).await else { return };
    let stage = "CREATE TABLE gis.stage (LIKE gis.sites); \
                 INSERT INTO gis.stage VALUES (7, ST_Point(108.2, 14.8, 4326), 'staged', 1, NULL)";
    execute(&map.psql, stage).await;
    let swap = "BEGIN; ALTER TABLE gis.sites RENAME TO tmp; ALTER TABLE gis.stage RENAME TO sites; \
                ALTER TABLE gis.tmp RENAME TO stage; COMMIT";
    for _ in 0..2 {
        execute(&map.psql, swap).await;
        map.shows(&sites(), &[(7, "staged")]).await;
        execute(&map.psql, swap).await;
        map.shows(&sites(), &[(1, "s1"), (2, "s2"), (3, "s3")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_away_for_a_while_is_not_made_in_its_owners_way() {
    let Some(map) = Map::open("SELECT 1", &[own()]).await else { return };
    let row = "(id, geom, name) VALUES (1, ST_Point(108.2, 14.8, 4326)";
    execute(&map.psql, &format!("INSERT INTO test.own {row}, 'a')")).await;
    map.shows(&own(), &[(1, "a")]).await;
    execute(&map.psql, "CREATE TABLE test.next (LIKE test.own INCLUDING ALL); ALTER TABLE test.own RENAME TO before")
        .await;
    map.until("it lags", async || map.atlas.lagging(View::EVERYTHING) == [own().id]).await;
    map.shows(&own(), &[(1, "a")]).await;
    let written = Edit::Remove { id: 1, when: When::Always };
    let refused = map.atlas.edit(View::EVERYTHING, &own().id, (vec![written], &Author::default())).await;
    assert!(matches!(refused, Err(AtlasError::Unreadable { .. })));
    execute(&map.psql, &format!("INSERT INTO test.next {row}, 'b'); ALTER TABLE test.next RENAME TO own")).await;
    map.shows(&own(), &[(1, "b")]).await;
    map.joins(&own(), 1).await;
    map.until("it lags no more", async || map.atlas.lagging(View::EVERYTHING).is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_comes_back_as_it_was_lags_no_more() {
    let Some(map) = Map::open(SITES, &[sites(), own()]).await else { return };
    execute(&map.psql, "INSERT INTO test.own (id, geom, name) VALUES (1, ST_Point(108.2, 14.8, 4326), 'own')").await;
    execute(&map.psql, "UPDATE gis.sites SET name = 'x' WHERE gid = 2").await;
    map.shows(&own(), &[(1, "own")]).await;
    map.shows(&sites(), &[(1, "s1"), (2, "x"), (3, "s3")]).await;
    for (layer, away, back) in [
        (sites(), "ALTER TABLE gis.sites RENAME TO gone", "ALTER TABLE gis.gone RENAME TO sites"),
        (own(), "ALTER TABLE test.own RENAME TO gone", "ALTER TABLE test.gone RENAME TO own"),
    ] {
        let lags = async |lagging: &[LayerId]| {
            map.until(&format!("lagging: {lagging:?}"), async || map.atlas.lagging(View::EVERYTHING) == lagging).await;
        };
        execute(&map.psql, away).await;
        lags(std::slice::from_ref(&layer.id)).await;
        execute(&map.psql, back).await;
        lags(&[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_alter_table_writes_anew_are_shown() {
    let large = Layer { residency: Residency::Database, ..layer("test.large", &[("name", FieldType::Text)]) };
    let Some(map) = Map::open(SITES, &[sites(), own(), large.clone()]).await else { return };
    let row = "(id, geom, name) VALUES (1, ST_Point(108.2, 14.8, 4326), 'a')";
    execute(&map.psql, &format!("INSERT INTO test.own {row}; INSERT INTO test.large {row}")).await;
    map.shows(&large, &[(1, "a")]).await;
    let tag = map.atlas.versions(View::EVERYTHING)["test.large"];
    let upper = |table: &str| format!("ALTER TABLE {table} ALTER name TYPE text USING upper(name)");
    execute(&map.psql, &["gis.sites", "test.own", "test.large"].map(upper).join("; ")).await;
    map.shows(&sites(), &[(1, "S1"), (2, "S2"), (3, "S3")]).await;
    map.shows(&own(), &[(1, "A")]).await;
    // What is asked of the database is so at once; that it is another answer tells its version.
    map.until("another version", async || map.atlas.versions(View::EVERYTHING)["test.large"] > tag).await;
    execute(&map.psql, "ALTER TABLE test.large DROP COLUMN name").await;
    map.until("a column that is gone is empty", async || {
        map.features(&large).await.is_ok_and(|features| features[0].feature.values[0] == Value::Null)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_of_the_owner_that_moves_a_point_moves_its_links() {
    // Before and behind the store's own, which fire in the order of their names.
    for name in ["z_place", "zzz_place", "đặt_toạ_độ"] {
        moved_by(name).await;
    }
}

async fn moved_by(name: &str) {
    let Some(map) = Map::open("SELECT 1", &[own()]).await else { return };
    execute(
        &map.psql,
        &format!(
            "ALTER TABLE test.own ADD lon float8, ADD lat float8;
             CREATE FUNCTION public.place() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN NEW.geom := ST_Point(NEW.lon, NEW.lat, 4326); RETURN NEW; END';
             CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON test.own FOR EACH ROW EXECUTE FUNCTION public.place();
             INSERT INTO test.own (id, name, lon, lat) VALUES (1, 'a', 108.2, 14.8)"
        ),
    )
    .await;
    map.joins(&own(), 1).await;
    execute(&map.psql, "UPDATE test.own SET lon = 108.7").await;
    map.joins(&own(), 1).await;
    let at = map.features(&own()).await.expect("features")[0].feature.at;
    assert_eq!(at, LonLat { lon: 108.7, lat: 14.8 });
    // Joining triggers that somebody switched off are switched on again, and what was written meanwhile is joined.
    execute(
        &map.psql,
        "ALTER TABLE test.own DISABLE TRIGGER USER; UPDATE test.own SET geom = ST_Point(108.2, 14.9, 4326)",
    )
    .await;
    map.joins(&own(), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_is_never_joined_with_units_that_were_replaced_meanwhile() {
    let Some(map) = Map::open("SELECT 1", &[own()]).await else { return };
    let other = client(map.database.url()).await;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM test.own";
    let insert = "INSERT INTO test.own (id, geom, name) VALUES (1, ST_Point(108.2, 14.8, 4326), 'a')";
    execute(&map.psql, begin).await;
    execute(&other, "UPDATE bandoso.units SET geom = ST_Translate(geom, 0.1, 0) WHERE level = 'commune'").await;
    let refused = map.psql.batch_execute(insert).await.expect_err("it does not see the units as they are");
    assert_eq!(refused.code().map(SqlState::code), Some("40001"), "{refused:?}");
    // Tried again, as such a transaction is.
    execute(&map.psql, &format!("ROLLBACK; {begin}; {insert}; COMMIT")).await;
    map.joins(&own(), 1).await;
    let units = "BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE bandoso.units SET name = name";
    let refused = other.batch_execute(units).await.expect_err("units are for who sees all points");
    assert_eq!(refused.code().map(SqlState::code), Some("0A000"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_swapped_in_with_links_of_others_is_joined_anew() {
    let Some(map) = Map::open("SELECT 1", &[own()]).await else { return };
    execute(&map.psql, "INSERT INTO test.own (id, geom, name) VALUES (1, ST_Point(108.2, 14.8, 4326), 'a')").await;
    map.joins(&own(), 1).await;
    execute(
        &map.psql,
        "CREATE TABLE test.next (LIKE test.own INCLUDING ALL);
         INSERT INTO test.next (id, geom, name, units) SELECT id, ST_Point(108.7, 14.8, 4326), 'b', units FROM test.own;
         BEGIN; ALTER TABLE test.own RENAME TO before; ALTER TABLE test.next RENAME TO own; COMMIT",
    )
    .await;
    map.shows(&own(), &[(1, "b")]).await;
    map.joins(&own(), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_there_twice_is_one_feature_and_goes_with_its_rows() {
    let Some(map) = Map::open(SITES, &[own()]).await else { return };
    execute(&map.psql, "ALTER TABLE gis.sites DROP CONSTRAINT sites_pkey; UPDATE gis.sites SET gid = 1 WHERE gid = 2")
        .await;
    let store = map.database.store().await;
    let atlas = Atlas::open(Arc::new(store), catalogue(&[sites()]), AtlasSettings::default()).await.expect("an atlas");
    let map = Map { atlas, ..map };
    let shown = map.features(&sites()).await.expect("features");
    assert_eq!(shown.iter().map(|found| found.feature.id).collect::<Vec<_>>(), [1, 3]);
    execute(&map.psql, "DELETE FROM gis.sites WHERE gid = 1").await;
    map.shows(&sites(), &[(3, "s3")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_past_a_tables_triggers_into_its_heirs_is_shown() {
    let setup = format!("{SITES}; CREATE TABLE gis.heirs () INHERITS (gis.sites)");
    let Some(database) = TestDatabase::fresh() else { return };
    let psql = client(database.url()).await;
    execute(&psql, &setup).await;
    let settings =
        bandoso::store::postgis::PostGisSettings { look_every: Duration::from_millis(100), ..Default::default() };
    let store = bandoso::store::postgis::PostGis::connect(database.url(), settings).await.expect("a store");
    let atlas = Atlas::open(Arc::new(store), catalogue(&[sites()]), AtlasSettings::default()).await.expect("an atlas");
    let map = Map { atlas, psql, database };
    execute(&map.psql, "INSERT INTO gis.heirs VALUES (9, ST_Point(108.2, 14.8, 4326), 'heir', 1, NULL)").await;
    map.shows(&sites(), &[(1, "s1"), (2, "s2"), (3, "s3"), (9, "heir")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_in_force_to_infinity_is_in_force_for_good() {
    let Some(map) = Map::open("SELECT 1", &[own()]).await else { return };
    execute(
        &map.psql,
        "INSERT INTO test.own (id, geom, name) VALUES (1, ST_Point(108.2, 14.8, 4326), 'a');
         UPDATE bandoso.units SET valid_to = 'infinity' WHERE valid_to IS NULL;
         UPDATE bandoso.units SET valid_from = '-infinity' WHERE valid_from IS NULL;
         INSERT INTO bandoso.unit_changes VALUES ('1', '2', 'infinity', true);
         UPDATE test.own SET name = 'b'",
    )
    .await;
    map.shows(&own(), &[(1, "b")]).await;
    let units = map.atlas.units();
    assert!(units.all().iter().any(|unit| unit.valid.to.is_none()), "an open end");
    map.until("the communes of today", async || {
        let found = map.features(&own()).await.unwrap_or_default();
        found.first().is_some_and(|found| found.unit.is_some())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_and_no_value_is_none_in_any_question_of_either_way() {
    use FieldType::{Date, Real, Text, Timestamp};
    let fields = [("name", Text), ("n", Real), ("t", Timestamp), ("d", Date)];
    let memory = layer("test.memory", &fields);
    let large = Layer { residency: Residency::Database, ..layer("test.large", &fields) };
    let Some(map) = Map::open("SELECT 1", &[memory.clone(), large.clone()]).await else { return };
    for layer in ["test.memory", "test.large"] {
        let rows = [
            "'NaN', 'infinity', 'infinity'",
            "'Infinity', '-infinity', '-infinity'",
            "'-Infinity', '294276-12-31', '12000-01-01'",
            "7, '9999-12-31 20:00+07', '300000-01-01'",
            "8, '9999-12-30 12:00+07', '9999-12-31'",
            "-3, '2025-07-01', '2025-07-01'",
            "NULL, '4700-01-01 BC', '4700-01-01 BC'",
        ];
        for (id, row) in rows.iter().enumerate() {
            let values = format!("({id}, ST_Point(108.2, 14.8, 4326), 'r', {row})");
            execute(&map.psql, &format!("INSERT INTO {layer} (id, geom, name, n, t, d) VALUES {values}")).await;
        }
    }
    let names: Vec<(u64, &str)> = (0..7).map(|id| (id, "r")).collect();
    map.shows(&memory, &names).await;
    map.shows(&large, &names).await;
    let values = async |layer: &Layer| -> Vec<Vec<Value>> {
        let features = map.features(layer).await.expect("features").into_iter();
        features.map(|found| found.feature.values).collect()
    };
    assert_eq!(values(&memory).await, values(&large).await);
    assert_eq!(values(&memory).await[3][1..], [Value::Real(7.0), Value::Null, Value::Null]);
    let ask = async |layer: &Layer, filter: Option<&str>, by: &[&str], datetime: Option<TimeInterval>| {
        let filter = filter.map(|text| read_text("filter", text).expect("a filter"));
        let by = by.iter().map(|word| By::parse(word)).collect();
        let (measures, as_of) = (Vec::new(), AsOf::Own);
        let request = CountRequest { layer: layer.id.clone(), by, measures, datetime, filter, as_of };
        let (table, _) = map.atlas.count(View::EVERYTHING, request).await.expect("a table");
        (table.total.count, table.rows.into_iter().map(|row| (row.keys, row.count)).collect::<Vec<_>>())
    };
    for (filter, expected) in [
        ("n > 5", 2),
        ("n < 5", 1),
        ("NOT (n > 5)", 1),
        ("n IS NULL", 4),
        ("n <> 7", 2),
        ("t > DATE('2025-01-01')", 2),
        ("t < TIMESTAMP('2026-01-01T00:00:00Z')", 2),
        ("t IS NULL", 4),
        ("t IS NOT NULL AND t > TIMESTAMP('2025-01-01T00:00:00Z')", 2),
        ("d > DATE('2025-01-01')", 2),
        ("d = DATE('9999-12-31')", 1),
        ("year(d) = 9999", 1),
        ("year(t) >= 2025", 2),
        ("d IS NULL", 4),
        ("TIMESTAMP('2025-01-01T00:00:00Z') < t", 2),
        ("T_AFTER(t, TIMESTAMP('2025-01-01T00:00:00Z'))", 2),
        ("n IN (7, 8) OR n = -3", 3),
        ("NOT (n IN (7, 8))", 1),
        ("(n > 5 AND name = 'r') AND t IS NOT NULL", 1),
    ] {
        let (one, other) = (ask(&memory, Some(filter), &[], None).await, ask(&large, Some(filter), &[], None).await);
        assert_eq!((one.0, other.0), (expected, expected), "{filter}");
    }
    for by in ["year", "month", "day", "hour", "weekday"] {
        assert_eq!(ask(&memory, None, &[by], None).await, ask(&large, None, &[by], None).await, "{by}");
    }
    for (text, expected) in [("../2030-01-01", 2), ("2020-01-01/..", 2), ("9999-12-30", 1), ("9999-12-31", 0)] {
        let interval = TimeInterval::parse("datetime", text, &map.atlas.clock().zone).expect("an interval");
        let both = [ask(&memory, None, &[], Some(interval)).await.0, ask(&large, None, &[], Some(interval)).await.0];
        assert_eq!(both, [expected; 2], "{text}");
    }
}
