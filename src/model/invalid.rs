use std::fmt;

/// A value that a caller gave and that cannot be used: which one, and what was expected instead.
///
/// Whoever meets it at a door turns it into that door's refusal: 400 over HTTP, exit code 2 on the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    /// The parameter, option or field at fault, as the caller wrote its name.
    pub parameter: String,
    /// What was expected and what to do, a sentence for people.
    pub expected: String,
}

impl Invalid {
    /// Names the `parameter` at fault and says what was `expected` of it.
    pub fn new(parameter: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), expected: expected.into() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.parameter, self.expected)
    }
}
