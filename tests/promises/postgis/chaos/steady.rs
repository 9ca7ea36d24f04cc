//! What two nodes make of 2,000 changes a second; run by hand, on a machine that does nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::world::{LAYERS, World};
use super::{WRITERS, layers, logged_versions, number, reader, same_rows, writer};
use crate::support::cluster::Cluster;
use crate::support::node::Node;
use crate::support::postgres::{client, execute};

const ROWS: u64 = 100_000;
/// Rows of one transaction, and time between two of one writer.
const CHANGES: usize = 10;
const EVERY: Duration = Duration::from_millis(1000 * WRITERS * CHANGES as u64 / 2000);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute and tells figures: run it alone"]
async fn two_nodes_keep_up_with_two_thousand_changes_a_second() {
    let Some(cluster) = Cluster::start().await else { return };
    let mut nodes = [0, 1].map(|_| Node::new(cluster.url("bandoso"), &layers()));
    nodes.iter_mut().for_each(Node::start);
    for node in &nodes {
        node.serves().await;
    }
    let psql = client(&cluster.url("test")).await;
    let fill = format!(
        "INSERT INTO chaos.pairs (id, geom, n) SELECT i, ST_Point(108 + i * 1e-5, 15, 4326), 0 FROM generate_series(0, {ROWS} - 1) i"
    );
    execute(&psql, &fill).await;
    execute(&psql, "INSERT INTO chaos.mirror (id, geom, n) VALUES (0, ST_Point(108, 15, 4326), 0)").await;
    let world = Arc::new(World::new(cluster.url("writer"), [nodes[0].door.clone(), nodes[1].door.clone()]));
    let (tell_last, last) = watch::channel(None);
    let (mut writers, mut followers) = (JoinSet::new(), JoinSet::new());
    (0..2).for_each(|node| drop(followers.spawn(reader::follow(Arc::clone(&world), node, last.clone()))));
    let version = logged_versions(&psql).await[1];
    let path = format!("/query/count?layer={}&min_version={version}", LAYERS[1]);
    for node in &nodes {
        assert_eq!(node.door.get(&path).await.expect("an answer").status, 200);
    }
    let tell = |when: &str| {
        for node in &nodes {
            let (now, most, ticks) = node.usage();
            eprintln!("{when}: {now} KiB in use, {most} at most, {ticks} ticks of processor time");
        }
    };
    tell("before");
    let seconds = number("BANDOSO_CHAOS_SECONDS").unwrap_or(60);
    let (began, until) = (Instant::now(), Instant::now() + Duration::from_secs(seconds));
    (0..WRITERS).for_each(|number| drop(writers.spawn(write(Arc::clone(&world), number, until))));
    let changes: usize = writers.join_all().await.iter().sum();
    let took = began.elapsed().as_secs_f64();
    eprintln!("{changes} changes in {took:.1} s, {:.0} a second", changes as f64 / took);
    tell("after");
    let versions = logged_versions(&psql).await;
    tell_last.send(Some(versions)).expect("the followers go on");
    followers.join_all().await;
    world.tell_staleness();
    for door in &world.doors {
        same_rows(&psql, door, (LAYERS[1], versions[1])).await;
    }
}

/// Moves rows of its own until then; how many.
async fn write(world: Arc<World>, number: u64, until: Instant) -> usize {
    let (client, mut chance) = (client(&world.url).await, StdRng::seed_from_u64(number));
    let (mut ticks, mut changes) = (interval(EVERY), 0);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let update = "UPDATE chaos.pairs SET n = n + 1, geom = ST_Point(108 + $2, 15 + $2 / 3, 4326) WHERE id = ANY ($1)";
    let update = client.prepare(update).await.expect("a statement");
    while Instant::now() < until {
        ticks.tick().await;
        let mut row = || (chance.random_range(0..ROWS / WRITERS) * WRITERS + number) as i64;
        let ids: Vec<i64> = (0..CHANGES).map(|_| row()).collect();
        execute(&client, "BEGIN").await;
        changes += client.execute(&update, &[&ids, &chance.random::<f64>()]).await.expect("an update") as usize;
        execute(&client, "SET CONSTRAINTS ALL IMMEDIATE").await;
        let (_, own) = writer::versions(&client).await.expect("versions");
        execute(&client, "COMMIT").await;
        world.committed(own, Instant::now());
    }
    changes
}
