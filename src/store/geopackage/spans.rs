//! Sharing out the rows of a table between readers, without knowing how its ids lie.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Ids from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: i64,
    pub(super) last: i64,
}

/// The spans that nobody reads yet. A reader that has none waits; one that is busy gives away the further half of its own. So
/// ids may lie as unevenly as they like: an empty half comes back at once, and the next one is half as wide.
pub(super) struct Spans {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    free: Vec<Span>,
    busy: usize,
    waiting: usize,
}

/// A span on loan to a reader, until it is dropped.
pub(super) struct Taken<'a> {
    pub(super) span: Span,
    spans: &'a Spans,
}

impl Spans {
    pub(super) fn new(all: Span) -> Self {
        Self { state: Mutex::new(State { free: vec![all], busy: 0, waiting: 0 }), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A span to read; none when all is read.
    pub(super) fn take(&self) -> Option<Taken<'_>> {
        let mut state = self.lock();
        loop {
            if let Some(span) = state.free.pop() {
                state.busy += 1;
                return Some(Taken { span, spans: self });
            }
            if state.busy == 0 {
                return None;
            }
            state.waiting += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }
}

impl Taken<'_> {
    /// Gives the further half of what follows the id to a reader that waits, if one does.
    pub(super) fn share(&mut self, read: i64) {
        let mut state = self.spans.lock();
        if state.waiting > state.free.len() && read < self.span.last {
            let middle = i64::midpoint(read, self.span.last);
            state.free.push(Span { first: middle + 1, last: self.span.last });
            self.span.last = middle;
            self.spans.changed.notify_one();
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.spans.lock();
        state.busy -= 1;
        if state.busy == 0 {
            self.spans.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_read_once_however_unevenly_the_ids_lie() {
        let clustered = (0..5_000).chain([i64::MAX - 3, i64::MAX]);
        for ids in [clustered.collect::<Vec<i64>>(), vec![i64::MIN, -1, 0, i64::MAX], vec![7]] {
            let (first, last) = (ids[0], ids[ids.len() - 1]);
            let spans = Spans::new(Span { first, last });
            let read = Mutex::new(Vec::new());
            std::thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        while let Some(mut taken) = spans.take() {
                            let from = ids.partition_point(|id| *id < taken.span.first);
                            for id in ids.iter().skip(from) {
                                if *id > taken.span.last {
                                    break;
                                }
                                read.lock().expect("no panic").push(*id);
                                taken.share(*id);
                            }
                        }
                    });
                }
            });
            let mut read = read.into_inner().expect("no panic");
            read.sort_unstable();
            assert_eq!(read, ids);
        }
    }

    #[test]
    fn a_reader_shares_with_one_that_waits_and_with_nobody_else() {
        let spans = Spans::new(Span { first: 0, last: 99 });
        let mut taken = spans.take().expect("all");
        taken.share(49);
        assert_eq!(taken.span, Span { first: 0, last: 99 });
        std::thread::scope(|scope| {
            let other = scope.spawn(|| spans.take().expect("a share").span);
            while taken.span.last == 99 {
                taken.share(49);
                std::thread::yield_now();
            }
            assert_eq!(taken.span, Span { first: 0, last: 74 });
            assert_eq!(other.join().expect("no panic"), Span { first: 75, last: 99 });
        });
    }
}
