use std::time::Duration;

use tokio::task::JoinHandle;

use super::*;

const HEAVY: Cost = Cost { micros: 25_000 };
const SMALL: Cost = Cost { micros: 500 };

fn client(last: u8) -> Client {
    Client::at(IpAddr::from([10, 0, 0, last]))
}

/// Work that says its name when its turn comes, and ends at once.
fn queue(line: &Arc<Line>, who: Client, cost: Cost, said: &Arc<Mutex<Vec<String>>>, name: &str) -> JoinHandle<bool> {
    let (line, said, name) = (Arc::clone(line), Arc::clone(said), name.to_owned());
    tokio::spawn(async move {
        let slot = line.enter(who, cost).await;
        if slot.is_ok() {
            said.lock().unwrap().push(name);
        }
        slot.is_ok()
    })
}

/// Until everything that was spawned has come as far as it can.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

async fn said_of(jobs: Vec<JoinHandle<bool>>, said: &Arc<Mutex<Vec<String>>>) -> Vec<String> {
    for job in jobs {
        job.await.unwrap();
    }
    said.lock().unwrap().clone()
}

#[tokio::test]
async fn light_work_never_waits_for_heavy_work_to_end() {
    let line = Line::new(1, 10);
    let _heavy = line.enter(client(1), HEAVY).await.unwrap();
    let _small = line.enter(client(1), SMALL).await.unwrap();
    let more = tokio::time::timeout(Duration::from_millis(20), line.enter(client(2), HEAVY)).await;
    assert!(more.is_err(), "heavy work has no slot of its own to take");
}

#[tokio::test]
async fn one_client_with_much_does_not_hold_up_another_with_little() {
    let (line, said) = (Line::new(1, 1_000), Arc::default());
    let busy = line.enter(client(1), HEAVY).await.unwrap();
    let mut jobs: Vec<_> = (0..100).map(|_| queue(&line, client(1), HEAVY, &said, "much")).collect();
    settle().await;
    jobs.push(queue(&line, client(2), HEAVY, &said, "little"));
    settle().await;
    drop(busy);
    assert_eq!(said_of(jobs, &said).await.iter().position(|name| name == "little"), Some(0));
}

#[tokio::test]
async fn short_work_overtakes_long_work_that_came_shortly_before() {
    let (line, said) = (Line::new(1, 10), Arc::default());
    let busy = [line.enter(client(1), HEAVY).await.unwrap(), line.enter(client(1), SMALL).await.unwrap()];
    let long = queue(&line, client(1), HEAVY, &said, "long");
    settle().await;
    let short = queue(&line, client(1), SMALL, &said, "short");
    settle().await;
    drop(busy);
    assert_eq!(said_of(vec![long, short], &said).await, ["short", "long"]);
}

#[tokio::test]
async fn long_work_that_waited_long_enough_is_not_overtaken_any_more() {
    let (line, said) = (Line::new(1, 10), Arc::default());
    let busy = [line.enter(client(1), HEAVY).await.unwrap(), line.enter(client(1), SMALL).await.unwrap()];
    let long = queue(&line, client(1), Cost { micros: 4_000 }, &said, "long");
    settle().await;
    // Its patience is 32 ms: what comes later stands behind it.
    tokio::time::sleep(Duration::from_millis(60)).await;
    let short = queue(&line, client(1), SMALL, &said, "short");
    settle().await;
    let [heavy, light] = busy;
    drop(heavy);
    settle().await;
    drop(light);
    assert_eq!(said_of(vec![long, short], &said).await.first().map(String::as_str), Some("long"));
}

#[tokio::test]
async fn a_full_line_sends_away_whoever_has_most_in_it() {
    let (line, said) = (Line::new(1, 4), Arc::default());
    let busy = line.enter(client(1), HEAVY).await.unwrap();
    let much: Vec<_> = (0..4).map(|_| queue(&line, client(1), HEAVY, &said, "much")).collect();
    settle().await;
    let full = line.enter(client(1), HEAVY).await.err().expect("no room");
    assert!((50..=5_000).contains(&full.retry_after_ms), "{full:?}");
    let little = queue(&line, client(2), HEAVY, &said, "little");
    settle().await;
    drop(busy);
    let mut served = 0;
    for job in much {
        served += u32::from(job.await.unwrap());
    }
    assert!(little.await.unwrap(), "the newcomer is served");
    assert_eq!(served, 3, "the last of those who had most is not");
}

#[tokio::test]
async fn whoever_goes_away_leaves_the_line_and_no_slot_is_lost() {
    let line = Line::new(1, 1);
    for _ in 0..3 {
        let busy = line.enter(client(1), HEAVY).await.unwrap();
        let waiting = tokio::spawn({
            let line = Arc::clone(&line);
            async move { line.enter(client(2), HEAVY).await.is_ok() }
        });
        settle().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        let (waiting, waiting_us) = {
            let inner = line.lock();
            (inner.waiting, inner.waiting_us)
        };
        assert_eq!((waiting, waiting_us), (0, 0));
        drop(busy);
    }
    // Called, and gone before it could look.
    let busy = line.enter(client(1), HEAVY).await.unwrap();
    let mut waiting = Box::pin(line.enter(client(2), HEAVY));
    assert!(tokio::time::timeout(Duration::from_millis(1), &mut waiting).await.is_err());
    drop(busy);
    drop(waiting);
    assert_eq!(line.lock().free, [1, 1]);
}

#[tokio::test]
async fn clients_that_have_gone_are_forgotten_while_somebody_always_waits() {
    let line = Line::new(1, 10);
    let enter = |number: u32| {
        let line = Arc::clone(&line);
        let other = Client::at(IpAddr::from((0x0a00_0000 + number).to_be_bytes()));
        tokio::spawn(async move { line.enter(other, HEAVY).await })
    };
    let mut busy = enter(0).await.unwrap().unwrap();
    let mut next = enter(1);
    for number in 2..2_000 {
        let later = enter(number);
        settle().await;
        drop(busy);
        busy = std::mem::replace(&mut next, later).await.unwrap().unwrap();
    }
    let clients = line.lock().clients.len();
    assert!(clients <= 2 * MOST_IDLE + 2, "{clients} clients are remembered");
    drop(busy);
}

#[test]
fn a_client_is_an_address_or_a_network() {
    let at = |text: &str| Client::at(text.parse().unwrap());
    assert_eq!(at("2001:db8::1"), at("2001:db8::2"));
    assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
    assert_eq!(at("::ffff:10.0.0.1"), at("10.0.0.1"));
    assert_ne!(at("10.0.0.2"), at("10.0.0.1"));
    assert_ne!(at("0.0.0.0"), Client::default());
}
