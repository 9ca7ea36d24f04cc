//! A writer over a plain connection, which knows what was acknowledged to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::time::sleep;
use tokio_postgres::{Client, Error, NoTls};

use super::world::{BATCH, BATCHES, LAYERS, Versions, World};
use crate::support::node::PATIENCE;

/// Pairs of which each writer is the only one to write.
const OWN: u64 = 20;
/// Pairs that all write, under a lock for each.
const SHARED: Range<u64> = 10_000..10_020;

/// The number of a pair, or that it is not there.
type Numbers = BTreeMap<u64, Option<u32>>;

/// What one transaction would do to what the writer answers for.
#[derive(Default)]
struct Plan {
    sql: String,
    pairs: Numbers,
    batch: Option<(u64, bool)>,
}

enum Outcome {
    Acknowledged(Option<Versions>, Instant),
    /// Rolled back, or the connection ended before the commit was asked for.
    Nothing,
    /// The connection ended while the commit was under way.
    Unknown,
}

pub struct Writer {
    world: Arc<World>,
    number: u64,
    chance: StdRng,
    client: Option<Client>,
    own: Numbers,
    batches: BTreeSet<u64>,
    pub acknowledged: u64,
    pub unknown: u64,
}

impl Writer {
    pub fn new(world: Arc<World>, number: u64, seed: u64) -> Self {
        let own = (number * 100..number * 100 + OWN).map(|k| (k, None)).collect();
        let chance = StdRng::seed_from_u64(seed ^ number);
        Self { world, number, chance, client: None, own, batches: BTreeSet::new(), acknowledged: 0, unknown: 0 }
    }

    pub async fn run(mut self) -> Self {
        while !self.world.is_stopping() {
            if self.client.as_ref().is_none_or(Client::is_closed) {
                self.connect().await;
                self.lost_nothing().await;
            }
            let plan = self.plan();
            match self.attempt(&plan.sql).await {
                Outcome::Nothing => {}
                Outcome::Acknowledged(versions, at) => {
                    self.acknowledged += 1;
                    self.adopt(&plan);
                    if let Some(versions) = versions.filter(|_| self.chance.random_ratio(1, 6)) {
                        self.is_shown(&plan, versions, at).await;
                    }
                }
                Outcome::Unknown => {
                    self.unknown += 1;
                    self.find_out(&plan).await;
                }
            }
            sleep(Duration::from_millis(self.chance.random_range(0..40))).await;
        }
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.connect().await;
        }
        self.lost_nothing().await;
        self
    }

    async fn connect(&mut self) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Ok((client, connection)) = tokio_postgres::connect(&self.world.url, NoTls).await {
                tokio::spawn(connection);
                self.client = Some(client);
                return;
            }
            assert!(Instant::now() < until, "writer {} waited for the database", self.number);
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn plan(&mut self) -> Plan {
        let mut plan = Plan::default();
        match self.chance.random_range(0..12) {
            0 => {
                let n = self.chance.random_range(0..10_000);
                let (first, last) = (self.number * 100, self.number * 100 + OWN - 1);
                for (table, ids) in [("pairs", 2 * first..=2 * last + 1), ("mirror", first..=last)] {
                    let (from, to) = ids.into_inner();
                    let _ = write!(
                        plan.sql,
                        "UPDATE chaos.{table} SET n = {n}, geom = {} WHERE id BETWEEN {from} AND {to};",
                        place(n)
                    );
                }
                let there = self.own.iter().filter(|(_, n)| n.is_some());
                plan.pairs = there.map(|(k, _)| (*k, Some(n))).collect();
            }
            1 => {
                // At most two of a writer's batches are there.
                let batch = self.number * 10 + self.chance.random_range(0..2);
                let (first, add) = (BATCHES + batch * BATCH, !self.batches.contains(&batch));
                plan.sql = if add {
                    format!(
                        "INSERT INTO chaos.pairs (id, geom, n) SELECT {first} + i, ST_Point(108 + i * 1e-3, 15, 4326), \
                         {batch} FROM generate_series(0, {BATCH} - 1) i;"
                    )
                } else {
                    format!("DELETE FROM chaos.pairs WHERE id >= {first} AND id < {first} + {BATCH};")
                };
                plan.batch = Some((batch, add));
            }
            _ => {
                for _ in 0..self.chance.random_range(1..4) {
                    let k = self.number * 100 + self.chance.random_range(0..OWN);
                    let n = self.change(k, &mut plan.sql);
                    plan.pairs.insert(k, n);
                }
                if self.chance.random_ratio(1, 3) {
                    let k = self.chance.random_range(SHARED);
                    let _ = write!(plan.sql, "SELECT pg_advisory_xact_lock({k});");
                    self.change(k, &mut plan.sql);
                }
                if self.chance.random_ratio(1, 4) {
                    let undone = 2 * (self.number * 100 + self.chance.random_range(0..OWN));
                    let _ = write!(
                        plan.sql,
                        "SAVEPOINT s; UPDATE chaos.pairs SET n = -1 WHERE id = {undone}; ROLLBACK TO s;"
                    );
                }
            }
        }
        plan
    }

    /// Puts a pair and its mirror, or removes them, in any order.
    fn change(&mut self, k: u64, sql: &mut String) -> Option<u32> {
        let n = self.chance.random_ratio(3, 4).then(|| self.chance.random_range(0..10_000));
        let (even, odd) = (2 * k, 2 * k + 1);
        let mut steps = match n {
            None => [
                format!("DELETE FROM chaos.pairs WHERE id IN ({even}, {odd});"),
                format!("DELETE FROM chaos.mirror WHERE id = {k};"),
            ],
            Some(n) => [format!("{} {}", put("pairs", odd, n), put("pairs", even, n)), put("mirror", k, n)],
        };
        if self.chance.random() {
            steps.reverse();
        }
        for step in &steps {
            sql.push_str(step);
        }
        n
    }

    async fn attempt(&mut self, sql: &str) -> Outcome {
        let client = self.client.as_ref().expect("a connection");
        let (pause, early, fails) = (
            Duration::from_millis(self.chance.random_range(0..30)),
            self.chance.random::<bool>(),
            self.chance.random_ratio(1, 9),
        );
        let work = async {
            client.batch_execute(&format!("BEGIN; {sql}")).await?;
            if self.chance.random_ratio(1, 4) {
                sleep(pause).await;
            }
            if fails {
                client.batch_execute("ROLLBACK").await?;
                return Ok(None);
            }
            if early {
                client.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").await?;
                return Ok(Some(Some(versions(client).await?)));
            }
            Ok(Some(None))
        };
        let early = match work.await {
            Ok(None) => return Outcome::Nothing,
            Ok(Some(early)) => early,
            Err(error) => return self.gone(&error, Outcome::Nothing),
        };
        if let Err(error) = client.batch_execute("COMMIT").await {
            return self.gone(&error, Outcome::Unknown);
        }
        let at = Instant::now();
        if let Some((present, own)) = early {
            self.world.committed(own, at);
            return Outcome::Acknowledged(Some(present), at);
        }
        // Or it is asked for afterwards, when it may be another's that came later.
        Outcome::Acknowledged(versions(client).await.ok().map(|(present, _)| present), at)
    }

    /// Nothing but the end of a connection may fail.
    fn gone(&self, error: &Error, outcome: Outcome) -> Outcome {
        let shut = error.code().is_some_and(|code| code.code().starts_with("57P"));
        assert!(error.is_closed() || shut || error.code().is_none(), "writer {}: {error:?}", self.number);
        outcome
    }

    fn adopt(&mut self, plan: &Plan) {
        self.own.extend(plan.pairs.iter().map(|(k, n)| (*k, *n)));
        match plan.batch {
            Some((batch, true)) => self.batches.insert(batch),
            Some((batch, false)) => self.batches.remove(&batch),
            None => false,
        };
    }

    /// Whether a transaction of which nobody knows took place; all of it or nothing.
    async fn find_out(&mut self, plan: &Plan) {
        let (before, batches) = (self.own.clone(), self.batches.clone());
        self.connect().await;
        if self.stored().await != (before, batches) {
            self.adopt(plan);
        }
        self.lost_nothing().await;
    }

    /// Fails where the database does not have what was acknowledged.
    async fn lost_nothing(&self) {
        let (own, batches) = self.stored().await;
        assert_eq!(own, self.own, "writer {}: what was acknowledged is in the database", self.number);
        assert_eq!(batches, self.batches, "writer {}: batches that were acknowledged are in the database", self.number);
    }

    async fn stored(&self) -> (Numbers, BTreeSet<u64>) {
        let client = self.client.as_ref().expect("a connection");
        let first = (self.number * 100) as i64;
        let own = "SELECT k, m.n FROM generate_series($1::bigint, $2) k LEFT JOIN chaos.mirror m ON m.id = k";
        let own = client.query(own, &[&first, &(first + OWN as i64 - 1)]).await.expect("the database stays");
        let own = own.iter().map(|row| (row.get::<_, i64>(0) as u64, row.get::<_, Option<i64>>(1).map(|n| n as u32)));
        let from = (BATCHES + self.number * 10 * BATCH) as i64;
        let batches = "SELECT DISTINCT n FROM chaos.pairs WHERE id >= $1 AND id < $2";
        let batches = client.query(batches, &[&from, &(from + 10 * BATCH as i64)]).await.expect("the database stays");
        (own.collect(), batches.iter().map(|row| row.get::<_, i64>(0) as u64).collect())
    }

    /// Asks both nodes for what was just written, which no one else writes.
    async fn is_shown(&self, plan: &Plan, versions: Versions, at: Instant) {
        let Some((k, n)) = plan.pairs.first_key_value() else { return };
        let filter = format!("id={} OR id={}", 2 * k, 2 * k + 1);
        let path = format!(
            "/query/within?layer={}&at=108.5,15&radius_m=300000&filter={filter}&min_version={}",
            LAYERS[1], versions[1]
        );
        let expected: Vec<u64> = n.map_or(vec![], |n| vec![u64::from(n); 2]);
        for (node, door) in self.world.doors.iter().enumerate() {
            loop {
                let mark = door.mark();
                match door.get(&path).await {
                    Ok(reply) if reply.status == 200 => {
                        self.world.shown(node, at.elapsed());
                        let page = reply.json();
                        let features = page["features"].as_array().expect("features");
                        let shown: Vec<u64> =
                            features.iter().filter_map(|feature| feature["properties"]["n"].as_u64()).collect();
                        assert_eq!(shown, expected, "node {node}, {path}: {}", reply.text());
                        break;
                    }
                    Ok(reply) if reply.status == 503 && reply.header("retry-after").is_some() => {}
                    Ok(reply) => panic!("{path}: {} {}", reply.status, reply.text()),
                    Err(error) => assert!(door.was_disturbed_since(mark), "node {node}, {path}: {error}"),
                }
                assert!(at.elapsed() < PATIENCE, "waited for node {node} to answer {path}");
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// The present versions, and those of them that the transaction has given; 0 where it gave none.
pub async fn versions(client: &Client) -> Result<(Versions, Versions), Error> {
    let ask = "SELECT v.version, CASE WHEN c.xact = pg_current_xact_id() THEN v.version ELSE 0 END \
               FROM bandoso.layer_version v LEFT JOIN bandoso.change_log c USING (layer, version) \
               WHERE layer = ANY ($1) ORDER BY layer";
    let rows = client.query(ask, &[&&LAYERS[..]]).await?;
    let of = |column: usize| [0, 1].map(|layer: usize| rows[layer].get::<_, i64>(column).unsigned_abs());
    Ok((of(0), of(1)))
}

fn put(table: &str, id: u64, n: u32) -> String {
    format!(
        "INSERT INTO chaos.{table} (id, geom, n) VALUES ({id}, {}, {n}) \
         ON CONFLICT (id) DO UPDATE SET n = excluded.n, geom = excluded.geom;",
        place(n)
    )
}

/// Where a row of this number is: a point moves with its number.
fn place(n: u32) -> String {
    format!("ST_Point(108 + {n} * 1e-4, 15 - {n} * 1e-5, 4326)")
}
