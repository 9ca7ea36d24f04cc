//! Two nodes on one database, eight writers, and everything is killed at random.

mod reader;
mod world;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_postgres::Client;

use self::world::{LAYERS, World};
use self::writer::Writer;
use crate::support::cluster::Cluster;
use crate::support::node::{Door, Node, PATIENCE};
use crate::support::postgres::client;

const WRITERS: u64 = 8;
/// How long it goes on where `BANDOSO_CHAOS_SECONDS` does not say; every kind of trouble comes once at least.
const SECONDS: u64 = 12;

/// A row's number and place.
type Row = (i64, f64, f64);

#[derive(Debug, Clone, Copy)]
enum Trouble {
    KillNode(usize),
    KillDatabase,
    EndConnections,
    Stall(usize),
}

use Trouble::{EndConnections, KillDatabase, KillNode, Stall};

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect(variable))
}

fn layers() -> [(String, String); 2] {
    LAYERS.map(|id| {
        let title = "{ vi = \"Thử\", en = \"Trial\" }";
        let text = format!(
            "id = \"{id}\"\ntitle = {title}\ngeometry = \"point\"\nclassification = \"public\"\n\
             [[fields]]\nname = \"n\"\ntitle = {title}\ntype = \"integer\"\n"
        );
        (format!("{id}.toml"), text)
    })
}

/// Processes are started by this task only, on the test's own thread: they die with it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_torn_or_late_for_ever_whatever_is_killed() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let seed = number("BANDOSO_CHAOS_SEED").unwrap_or_else(|| rand::rng().random());
    eprintln!("BANDOSO_CHAOS_SEED={seed}");
    let mut nodes = [0, 1].map(|_| Node::new(cluster.url("bandoso"), &layers()));
    nodes.iter_mut().for_each(Node::start);
    for node in &nodes {
        node.serves().await;
    }
    let world = Arc::new(World::new(cluster.url("writer"), [nodes[0].door.clone(), nodes[1].door.clone()]));
    let (tell_last, last) = watch::channel(None);
    let (mut writers, mut readers, mut followers) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
    (0..WRITERS).for_each(|number| drop(writers.spawn(Writer::new(Arc::clone(&world), number, seed).run())));
    for node in 0..2 {
        readers.spawn(reader::read(Arc::clone(&world), node, seed));
        followers.spawn(reader::follow(Arc::clone(&world), node, last.clone()));
    }
    let failed = tokio::select! {
        () = trouble(&mut cluster, &mut nodes, seed) => None,
        Some(failed) = writers.join_next() => failed.err(),
        Some(failed) = readers.join_next() => failed.err(),
        Some(failed) = followers.join_next() => failed.err(),
    };
    if let Some(failed) = failed {
        std::panic::resume_unwind(failed.into_panic());
    }
    world.stop();
    let (answers, writers) = (readers.join_all().await, writers.join_all().await);
    let (acknowledged, unknown) =
        writers.iter().fold((0, 0), |sum, writer| (sum.0 + writer.acknowledged, sum.1 + writer.unknown));
    eprintln!("{acknowledged} transactions acknowledged, {unknown} of unknown end; answers of the nodes: {answers:?}");
    assert!(acknowledged > 0 && answers.iter().all(|answers| *answers > 0));

    let psql = client(&cluster.url("test")).await;
    let versions = logged_versions(&psql).await;
    tell_last.send(Some(versions)).expect("the followers go on");
    followers.join_all().await;
    agree(&psql, &world.doors, versions).await;
    world.tell_staleness();
    for (number, node) in nodes.iter().enumerate() {
        let (now, most, ticks) = node.usage();
        eprintln!("node {number}: {now} KiB in use, {most} at most, {ticks} ticks of processor time since its start");
    }
}

/// Every kind of trouble once, in any order; and again until the time is over.
async fn trouble(cluster: &mut Cluster, nodes: &mut [Node; 2], seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let until = Instant::now() + Duration::from_secs(number("BANDOSO_CHAOS_SECONDS").unwrap_or(SECONDS));
    let mut kinds = [KillNode(0), KillNode(1), KillDatabase, EndConnections, Stall(0), Stall(1), EndConnections];
    loop {
        kinds.shuffle(&mut chance);
        for kind in kinds {
            sleep(Duration::from_millis(chance.random_range(100..1000))).await;
            let began = Instant::now();
            match kind {
                KillNode(node) => {
                    nodes[node].kill();
                    sleep(Duration::from_millis(chance.random_range(0..500))).await;
                    nodes[node].start();
                    nodes[node].serves().await;
                }
                KillDatabase => kill_database(cluster, nodes).await,
                EndConnections => {
                    let end =
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'bandoso'";
                    client(&cluster.url("test")).await.simple_query(end).await.expect("a superuser may");
                }
                Stall(node) => nodes[node].stall(Duration::from_millis(chance.random_range(100..1500))).await,
            }
            eprintln!("{kind:?}, over after {:.1} s", began.elapsed().as_secs_f64());
        }
        if Instant::now() > until {
            return;
        }
    }
}

/// While it is away the readers must be answered as before, and `/ready` says so.
async fn kill_database(cluster: &mut Cluster, nodes: &[Node; 2]) {
    cluster.kill();
    for node in nodes {
        node.door.wait_for(503).await;
        assert_eq!(node.door.get("/health").await.expect("an answer").status, 200);
    }
    cluster.come_back().await;
    for node in nodes {
        node.door.wait_for(200).await;
    }
}

/// The present versions of [`LAYERS`]; fails where the log has gaps or a transaction twice.
async fn logged_versions(psql: &Client) -> [u64; 2] {
    let ask = "SELECT count(*), count(DISTINCT xact), max(version) - min(version) + 1, max(version) \
               FROM bandoso.change_log WHERE layer = ANY ($1) GROUP BY layer ORDER BY layer";
    let rows = psql.query(ask, &[&&LAYERS[..]]).await.expect("the log");
    [0, 1].map(|layer: usize| {
        let of = |column: usize| rows[layer].get::<_, i64>(column);
        assert_eq!((of(0), of(1)), (of(2), of(2)), "one version for each transaction of {}, no gaps", LAYERS[layer]);
        of(3).unsigned_abs()
    })
}

/// Both nodes show what the tables hold, by queries and by tiles, to the byte.
async fn agree(psql: &Client, doors: &[Door; 2], versions: [u64; 2]) {
    let mut tiles = Vec::new();
    for (node, door) in doors.iter().enumerate() {
        for (layer, version) in LAYERS.iter().zip(versions) {
            same_rows(psql, door, (layer, version)).await;
        }
        let [mirror, pairs] = versions;
        let path = format!("{}&min_version={}={mirror},{}={pairs}", reader::TILE, LAYERS[0], LAYERS[1]);
        let reply = door.get(&path).await.expect("an answer");
        for (rows, layer) in reader::tile(&reply).into_iter().zip(["chaos.pairs", "chaos.mirror"]) {
            let stored = stored_rows(psql, layer).await;
            assert!(rows.into_iter().eq(stored.iter().map(|(id, row)| (*id, row.0.unsigned_abs()))), "{node}, {layer}");
        }
        tiles.push(reply.body);
    }
    assert!(tiles[0] == tiles[1], "the same features are the same bytes on every node");
}

async fn same_rows(psql: &Client, door: &Door, (layer, version): (&str, u64)) {
    let shown = all_rows(door, layer, version).await;
    assert!(shown == stored_rows(psql, layer).await, "a node shows {layer} otherwise than it is");
}

async fn stored_rows(psql: &Client, layer: &str) -> BTreeMap<u64, Row> {
    let rows = psql.query(&format!("SELECT id, n, ST_X(geom), ST_Y(geom) FROM {layer}"), &[]).await;
    let rows = rows.expect("the table");
    rows.iter().map(|row| (row.get::<_, i64>(0) as u64, (row.get(1), row.get(2), row.get(3)))).collect()
}

async fn all_rows(door: &Door, layer: &str, version: u64) -> BTreeMap<u64, Row> {
    let mut path = format!("/query/within?layer={layer}&at=108.5,15&radius_m=300000&limit=10000&min_version={version}");
    let (mut rows, since) = (BTreeMap::new(), Instant::now());
    loop {
        let reply = door.get(&path).await.expect("an answer");
        if reply.status == 503 {
            assert!(since.elapsed() < PATIENCE, "waited for {path}: {}", reply.text());
            continue;
        }
        let page = reply.json();
        for feature in page["features"].as_array().expect("features") {
            let at = &feature["geometry"]["coordinates"];
            let n = feature["properties"]["n"].as_i64().expect("a number");
            let row = (n, at[0].as_f64().expect("a longitude"), at[1].as_f64().expect("a latitude"));
            let id = feature["id"].as_u64().expect("an id");
            assert!(rows.insert(id, row).is_none(), "{id} is there twice");
        }
        let next = page["links"].as_array().and_then(|links| links.iter().find(|link| link["rel"] == "next"));
        let Some(next) = next else { return rows };
        let href = next["href"].as_str().expect("an address");
        path = href.find("/query").map(|at| href[at..].to_owned()).expect("an address of this server");
    }
}
