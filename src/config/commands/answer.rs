use std::io::{self, BufWriter, StdoutLock, Write};

/// The standard output, buffered. End it with [`Answer::end`], which tells a full disk or a closed pipe.
pub(super) struct Answer(BufWriter<StdoutLock<'static>>);

impl Answer {
    pub fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    pub fn line(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.0, "{text}")
    }

    pub fn text(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        write!(self.0, "{text}")
    }

    pub fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}
