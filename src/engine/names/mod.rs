//! Finding units and features by their names, however those are written.
//!
//! A name is compared in two forms (`fold`): its **plain** form, words without case, accents and punctuation, and its
//! **spelling**, which keeps the accents. What is asked ([`AskedName`]) fits a name more or less well
//! ([`Fit`](crate::model::Fit)). A layer's names are indexed for each set of columns ([`NameIndex`]), so that a change costs its
//! own names only; units are few and are looked through ([`UnitNames`]), which also tells the unit that a sender's words mean on
//! a day ([`UnitNames::resolve`]).
//! `bandoso.plain_name` and `bandoso.name_spelling` are the same forms in SQL.

mod asked;
mod fold;
mod index;
mod kinds;
#[cfg(test)]
mod real_units;
mod resolve;
mod rows;
#[cfg(test)]
mod tests;
mod units;

pub use asked::AskedName;
pub use fold::{MOST_WORDS, plain, spelling};
pub use index::NameIndex;
pub use resolve::{Resolved, UnitAsked};
pub use rows::{NamedRow, named};
pub use units::{FoundUnit, UnitNames};
