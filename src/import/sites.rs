//! Where the rows of one file lie, and whether they speak for the reading that was told.

use std::sync::Arc;

use super::crowds::Crowds;
use super::fault::Fault;
use super::geometry::on_earth;
use super::ground::Ground;
use crate::engine::coordinates::Order;
use crate::engine::crs::Crs;
use crate::engine::readings::{Reading, Samples, Verdict, judge};
use crate::model::{FindingKind, LonLat, UnitId};

/// What becomes of rows that fit only under another reading than the one told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doubt {
    /// They, and a file of them, are refused.
    #[default]
    Refuses,
    /// The caller is sure of what was told: they are findings and stored.
    Tells,
}

/// Rows for which another reading is looked for; beyond, only the file as a whole is judged.
const MOST_HINTS: u32 = 1_000;

/// A row that is remembered: its numbers, and the unit that it names.
#[derive(Debug, Clone, Copy)]
struct Sample {
    numbers: [f64; 2],
    stated: Option<UnitId>,
}

/// Follows the positions of one file.
pub(super) struct Sites {
    ground: Arc<Ground>,
    reading: Reading,
    doubt: Doubt,
    samples: Samples<Sample>,
    crowds: Crowds,
    hints: u32,
}

impl Sites {
    pub fn new(ground: Arc<Ground>, reading: Reading, doubt: Doubt) -> Self {
        Self { ground, reading, doubt, samples: Samples::default(), crowds: Crowds::default(), hints: 0 }
    }

    /// The place of a row's numbers, and what is doubtful about it though it can be stored. `stated` is the unit that it names.
    pub fn place(&mut self, numbers: [f64; 2], stated: Option<UnitId>) -> Result<(LonLat, Option<Fault>), Fault> {
        self.samples.add(|| Sample { numbers, stated });
        let read = self.reading.place(numbers);
        if let Some(at) = read {
            self.crowds.add(at);
        }
        if let Some(at) = read
            && self.ground.holds(at, self.reading)
        {
            return Ok((at, None));
        }
        let swapped = self.reading.swapped();
        if let Some(at) = self.inside(swapped, numbers) {
            let message = format!(
                "the coordinates fit only in the other order: {} would be {}; left out",
                shown(numbers),
                place_text(at)
            );
            let fault = Fault::new(FindingKind::SwappedAxes, message).advised([
                format!("đổi chỗ hai toạ độ; nếu cả tệp đều thế, thêm --xy {}", swapped.order.name()),
                format!("exchange the two coordinates; if all rows are so, say --xy {}", swapped.order.name()),
            ]);
            return match read {
                Some(at) if self.doubt == Doubt::Tells => Ok((at, Some(fault))),
                _ => Err(fault),
            };
        }
        match read {
            Some(at) => Ok((at, self.outside(at, numbers))),
            None => Err(self.nowhere(numbers)),
        }
    }

    /// Places that stand for many rows.
    pub fn crowds(&self) -> Vec<Fault> {
        self.crowds.faults()
    }

    /// Where rows spread over the whole file lie.
    pub fn places(&self) -> impl Iterator<Item = LonLat> {
        self.samples.kept().iter().filter_map(|row| self.reading.place(row.numbers))
    }

    /// What rows of the whole file say about the reading.
    pub fn verdict(&self) -> Option<Verdict> {
        if !self.ground.is_known(self.reading) {
            return None;
        }
        let prior = |reading| self.ground.prior(reading, self.reading);
        let fits = |row: &Sample, at| match row.stated {
            Some(unit) => self.ground.units.covers(unit, at),
            None => self.ground.holds(at, self.reading),
        };
        judge(self.reading, self.samples.kept(), |row| row.numbers, fits, prior)
    }

    /// A verdict as a fault of the file.
    pub fn refusal(&self, verdict: &Verdict) -> Option<Fault> {
        let (likeliest, fit) = verdict.likely.first()?;
        let others: Vec<String> = verdict.likely.iter().map(|(reading, _)| named(*reading)).collect();
        let message = format!(
            "read as {} only {} of {} rows looked at lie where they belong, as {} {fit} do; the file is refused",
            named(self.reading),
            verdict.fit,
            verdict.rows,
            named(*likeliest),
        );
        let options = likeliest.options();
        Some(Fault::new(self.reading.fault(*likeliest), message).advised([
            format!(
                "thử {options} (khả dĩ: {}); nếu chắc chắn hệ toạ độ đã khai là đúng, thêm --sure",
                others.join("; ")
            ),
            format!("try {options} (likely: {}); if you are sure of what was told, say --sure", others.join("; ")),
        ]))
    }

    fn inside(&self, reading: Reading, numbers: [f64; 2]) -> Option<LonLat> {
        let known = self.ground.is_known(self.reading);
        reading.place(numbers).filter(|at| known && self.ground.holds(*at, self.reading))
    }

    fn outside(&mut self, at: LonLat, numbers: [f64; 2]) -> Option<Fault> {
        if !self.ground.is_known(self.reading) {
            return None;
        }
        let hint = self.hint(numbers).map_or_else(String::new, |hint| format!("; {hint}"));
        let message = format!("{} is outside the province; stored as it is{hint}", place_text(at));
        Some(Fault::new(FindingKind::OutsideProvince, message))
    }

    /// Numbers that are no place on earth.
    fn nowhere(&mut self, numbers: [f64; 2]) -> Fault {
        let [a, b] = numbers;
        let mut fault = match self.reading.crs {
            Crs::Crs84 | Crs::Wgs84 => {
                let (lon, lat) = if self.reading.order == Order::EastNorth { (a, b) } else { (b, a) };
                on_earth(lon, lat).err().unwrap_or_else(|| invalid(numbers, self.reading))
            }
            _ => invalid(numbers, self.reading),
        };
        let point = self.with_decimal_point(numbers).map(|[a, b]| format!("is a decimal point missing: {a}, {b}?"));
        if let Some(hint) = point.or_else(|| self.hint(numbers)) {
            fault.message = format!("{}; {hint}", fault.message);
        }
        fault
    }

    /// The numbers with the decimal points that they would need to be degrees in the province.
    fn with_decimal_point(&self, numbers: [f64; 2]) -> Option<[f64; 2]> {
        if !self.reading.crs.is_geographic() || self.hints > MOST_HINTS {
            return None;
        }
        let scales = |number: f64| (0..12).map(move |power| number / 10_f64.powi(power));
        let pairs = scales(numbers[0]).flat_map(|a| scales(numbers[1]).map(move |b| [a, b]));
        let mut whole = pairs.skip(1).filter(|_| numbers.iter().all(|number| number.fract() == 0.0));
        whole.find(|pair| self.inside(self.reading, *pair).is_some())
    }

    /// Another reading under which the row would lie in the province.
    fn hint(&mut self, numbers: [f64; 2]) -> Option<String> {
        self.hints = self.hints.saturating_add(1);
        if self.hints > MOST_HINTS {
            return None;
        }
        let told = self.reading;
        let fitting = Reading::all().filter(|reading| *reading != told && self.inside(*reading, numbers).is_some());
        let likeliest = fitting.min_by_key(|reading| self.ground.prior(*reading, told))?;
        Some(format!("as {} it would be inside", named(likeliest)))
    }
}

fn invalid(numbers: [f64; 2], reading: Reading) -> Fault {
    let message = format!("{} is no place on earth as {}; left out", shown(numbers), named(reading));
    Fault::new(FindingKind::InvalidPosition, message)
}

/// A reading for people.
pub(super) fn named(reading: Reading) -> String {
    format!("{} ({}, {})", reading.crs.code(), reading.crs.name(), reading.order.name())
}

fn shown([a, b]: [f64; 2]) -> String {
    format!("{a}, {b}")
}

fn place_text(at: LonLat) -> String {
    format!("{:.6},{:.6}", at.lon, at.lat)
}
