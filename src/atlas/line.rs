//! Who is worked for next.
//!
//! Work that cannot begin at once waits here, in bounded number. Clients take turns by the work done for them (start-time fair
//! queueing, Goyal et al. 1996): one client's thousand tiles do not hold up another's one. Among one client's own, work comes in the
//! order of its arrival plus a patience that grows with its cost: short work overtakes long work, and long work that has waited
//! long enough is overtaken no more. One slot more than the machine has cores is kept for light work, so that a small tile never waits
//! for a large one to end. Where the line is full, whoever has most in it loses what would come last.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use foldhash::HashMap;
use tokio::sync::oneshot;

use super::Cost;

/// Work below this cost is light, microseconds of one core: most tiles of points, but none that counts very many of them.
const LIGHT_US: u64 = 2_000;
/// How much longer work waits for each microsecond that it takes: 25 ms of work lets pass what comes within 200 ms.
const PATIENCE: u64 = 8;
/// Clients of whom nothing waits are forgotten above this number.
const MOST_IDLE: usize = 256;
/// Bounds of when to come back, milliseconds.
const RETRY_MS: std::ops::RangeInclusive<u64> = 50..=5_000;

/// For whom work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Client(u64);

tokio::task_local! {
    static ASKING: Client;
}

impl Client {
    /// The client at an address. Of IPv6 addresses the network counts: one host has a whole /64.
    pub fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u64::from(v4.to_bits()) + 1),
            IpAddr::V6(v6) => Self((v6.to_bits() >> 64) as u64 | 1 << 63),
        }
    }

    /// Runs the future in this client's name.
    pub async fn asks<F: Future>(self, future: F) -> F::Output {
        ASKING.scope(self, future).await
    }

    /// In whose name this runs; work of nobody's is one client's.
    pub fn asking() -> Self {
        ASKING.try_with(|client| *client).unwrap_or_default()
    }
}

/// Slots, and those who wait for one.
pub struct Line {
    inner: Mutex<Inner>,
    /// Most that may wait.
    most: usize,
    began: Instant,
}

struct Inner {
    /// Slots for any work, and those for light work.
    free: [usize; 2],
    slots: usize,
    clients: HashMap<Client, Waiting>,
    waiting: usize,
    /// Cost of all that waits.
    waiting_us: u64,
    /// The start of the turn that was given last, in microseconds of work.
    clock: u64,
    arrivals: u64,
}

/// One client's share of the line.
#[derive(Default)]
struct Waiting {
    /// End of its last turn, in microseconds of work.
    served: u64,
    /// Heavy and light work, in the order of its turns.
    queues: [BTreeMap<Turn, Ticket>; 2],
}

/// When work is due, and the number of its arrival.
type Turn = (u64, u64);

struct Ticket {
    cost: Cost,
    call: oneshot::Sender<Called>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Called {
    Begin(Kind),
    /// There was no room for everyone.
    Refused,
}

/// Index of a queue and of a kind of slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Any = 0,
    Light = 1,
}

/// The line is full: when to come back, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// As long as what waits may take.
    pub retry_after_ms: u64,
}

/// The right to work, given back when it is dropped.
pub struct Slot {
    line: Arc<Line>,
    kind: Kind,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.line.release(self.kind);
    }
}

impl Line {
    /// A line before so many slots, and one more for light work.
    pub fn new(slots: usize, most: usize) -> Arc<Self> {
        let slots = slots.max(1);
        let inner = Inner {
            free: [slots, 1],
            slots,
            clients: HashMap::default(),
            waiting: 0,
            waiting_us: 0,
            clock: 0,
            arrivals: 0,
        };
        Arc::new(Self { inner: Mutex::new(inner), most, began: Instant::now() })
    }

    /// Waits for a slot. A caller that goes away meanwhile has left the line.
    pub async fn enter(self: &Arc<Self>, client: Client, cost: Cost) -> Result<Slot, Full> {
        let mut place = match self.arrive(client, cost)? {
            Arrived::Begin(kind) => return Ok(Slot { line: Arc::clone(self), kind }),
            Arrived::Waits(place) => place,
        };
        let called = (&mut place.call).await;
        place.left = true;
        match called {
            Ok(Called::Begin(kind)) => Ok(Slot { line: Arc::clone(self), kind }),
            Ok(Called::Refused) | Err(_) => Err(self.lock().full()),
        }
    }

    fn arrive(self: &Arc<Self>, client: Client, cost: Cost) -> Result<Arrived, Full> {
        let mut inner = self.lock();
        if let Some(kind) = inner.slot_for(cost) {
            inner.serve(client, cost);
            return Ok(Arrived::Begin(kind));
        }
        if inner.waiting >= self.most && !inner.make_room(client) {
            return Err(inner.full());
        }
        let (caller, call) = oneshot::channel();
        let now = self.began.elapsed().as_micros() as u64;
        inner.arrivals += 1;
        let turn = (now + cost.micros.saturating_mul(PATIENCE), inner.arrivals);
        let queue = kind_of(cost);
        let ticket = Ticket { cost, call: caller };
        inner.clients.entry(client).or_default().queues[queue as usize].insert(turn, ticket);
        inner.waiting += 1;
        inner.waiting_us += cost.micros;
        drop(inner);
        Ok(Arrived::Waits(Place { line: Arc::clone(self), client, queue, turn, call, left: false }))
    }

    /// Passes a slot on, or puts it back.
    fn release(&self, kind: Kind) {
        let mut inner = self.lock();
        if let Some(ticket) = inner.next(kind) {
            // Whoever waits holds the other end until it has left the line under this lock.
            let _ = ticket.call.send(Called::Begin(kind));
        } else {
            inner.free[kind as usize] += 1;
        }
        // Also while somebody always waits: whoever is next is looked for among all.
        inner.forget_idle();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kind_of(cost: Cost) -> Kind {
    if cost.micros < LIGHT_US { Kind::Light } else { Kind::Any }
}

enum Arrived {
    Begin(Kind),
    Waits(Place),
}

/// A place in the line.
struct Place {
    line: Arc<Line>,
    client: Client,
    queue: Kind,
    turn: Turn,
    call: oneshot::Receiver<Called>,
    /// It was called.
    left: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        let waited = self.line.lock().take(self.client, self.queue, self.turn).is_some();
        // Called in the very moment in which it went away: the slot goes to the next.
        if !waited && let Ok(Called::Begin(kind)) = self.call.try_recv() {
            self.line.release(kind);
        }
    }
}

impl Inner {
    /// A free slot that this work may take, the one for all work first.
    fn slot_for(&mut self, cost: Cost) -> Option<Kind> {
        let kinds: &[Kind] = if kind_of(cost) == Kind::Light { &[Kind::Any, Kind::Light] } else { &[Kind::Any] };
        let kind = kinds.iter().copied().find(|kind| self.free[*kind as usize] > 0)?;
        self.free[kind as usize] -= 1;
        Some(kind)
    }

    /// Takes out who is next for a slot of this kind: of the client for whom least was done.
    fn next(&mut self, slot: Kind) -> Option<Ticket> {
        let queues: &[Kind] = if slot == Kind::Light { &[Kind::Light] } else { &[Kind::Any, Kind::Light] };
        let first = |waiting: &Waiting| {
            let due =
                queues.iter().filter_map(|queue| Some((*waiting.queues[*queue as usize].first_key_value()?.0, *queue)));
            due.min_by_key(|(turn, _)| *turn)
        };
        let clients = self.clients.iter().filter_map(|(client, waiting)| {
            let (turn, queue) = first(waiting)?;
            Some((waiting.served.max(self.clock), turn, *client, queue))
        });
        let (start, turn, client, queue) = clients.min_by_key(|(start, turn, ..)| (*start, *turn))?;
        self.clock = start;
        let ticket = self.take(client, queue, turn)?;
        self.serve(client, ticket.cost);
        Some(ticket)
    }

    /// Books a turn.
    fn serve(&mut self, client: Client, cost: Cost) {
        let clock = self.clock;
        let waiting = self.clients.entry(client).or_default();
        waiting.served = waiting.served.max(clock) + cost.micros;
    }

    fn take(&mut self, client: Client, queue: Kind, turn: Turn) -> Option<Ticket> {
        let ticket = self.clients.get_mut(&client)?.queues[queue as usize].remove(&turn)?;
        self.waiting -= 1;
        self.waiting_us -= ticket.cost.micros;
        Some(ticket)
    }

    /// Sends away what would come last of the client that has most in the line, if that is more than the newcomer would have.
    fn make_room(&mut self, newcomer: Client) -> bool {
        let length = |waiting: &Waiting| waiting.queues.iter().map(BTreeMap::len).sum::<usize>();
        let own = self.clients.get(&newcomer).map_or(0, length);
        let Some((client, most)) =
            self.clients.iter().map(|(client, waiting)| (*client, length(waiting))).max_by_key(|(_, length)| *length)
        else {
            return false;
        };
        if most <= own + 1 {
            return false;
        }
        let last = self.clients.get(&client).and_then(|waiting| {
            let kinds = [Kind::Any, Kind::Light];
            kinds
                .iter()
                .filter_map(|kind| Some((*waiting.queues[*kind as usize].last_key_value()?.0, *kind)))
                .max_by_key(|(turn, _)| *turn)
        });
        let ticket = last.and_then(|(turn, queue)| self.take(client, queue, turn));
        ticket.is_some_and(|ticket| ticket.call.send(Called::Refused).is_ok())
    }

    /// What is left of clients that have gone: nothing as soon as others had as much, or where there are very many of them.
    fn forget_idle(&mut self) {
        let all_free = self.waiting == 0 && self.free == [self.slots, 1];
        let clock = self.clock;
        if all_free {
            self.clients.clear();
        } else if self.clients.len() > MOST_IDLE {
            let many = self.clients.len() > 2 * MOST_IDLE;
            self.clients.retain(|_, waiting| {
                let waits = waiting.queues.iter().any(|queue| !queue.is_empty());
                waits || waiting.served > clock && !many
            });
        }
    }

    fn full(&self) -> Full {
        let ms = self.waiting_us / self.slots as u64 / 1_000;
        Full { retry_after_ms: ms.clamp(*RETRY_MS.start(), *RETRY_MS.end()) }
    }
}

#[cfg(test)]
mod tests;
