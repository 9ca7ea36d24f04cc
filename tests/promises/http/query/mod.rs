mod convert;
mod count;
mod locate;
mod nearest;
mod within;
