use std::ops::Range;
use std::sync::{Arc, Weak};

use jiff::Timestamp;

use super::{Atlas, State};
use crate::model::{Day, Instant};

/// A state that was shown, and the day on which it was: nothing that is drawn changes while both are the same.
///
/// Weak, so that the state's memory goes when the state does, and yet no other can come to lie in its place unnoticed.
pub struct Moment {
    state: Weak<State>,
    day: Range<i64>,
}

impl Atlas {
    /// Now.
    pub fn moment(&self) -> Moment {
        let clock = self.clock();
        let Day(today) = clock.today;
        let starts = |day: i32| Day(day).start(&clock.zone).0;
        Moment { state: Arc::downgrade(&self.state.load()), day: starts(today)..starts(today.saturating_add(1)) }
    }

    /// Whether the same state is still shown, on the same day.
    pub fn is_now(&self, moment: &Moment) -> bool {
        let Instant(now) = Instant(Timestamp::now().as_microsecond());
        std::ptr::eq(Arc::as_ptr(&self.state.load()), moment.state.as_ptr()) && moment.day.contains(&now)
    }
}
