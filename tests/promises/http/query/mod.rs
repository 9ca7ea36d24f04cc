mod around;
mod convert;
mod count;
mod filter;
mod join;
mod locate;
mod nearest;
mod within;
