//! Filters: the Common Query Language CQL2 (OGC 21-065r2) as a tree.
//!
//! An [`Expr`] is what somebody wrote, in text or JSON, whatever layer it is for. Held against a layer and a view
//! (`engine::cql2::check`) it becomes a [`Filter`], whose names and types fit; the columns in memory and the database evaluate
//! that one, so both answer alike.

mod checked;
mod function;
mod operator;
mod syntax;

pub use checked::{Condition, Filter, Folding, PlaceTest, Scalar};
pub use function::Function;
pub use operator::{Arithmetic, ArrayRelation, Comparison, Operator, SpatialRelation, TemporalRelation};
pub use syntax::{AskedFilter, Expr, ExprKind, Place};
