mod convert;
mod count;
mod filter;
mod locate;
mod nearest;
mod within;
