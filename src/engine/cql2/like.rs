//! LIKE as PostgreSQL has it: by characters, `%` any number of them, `_` one, `\` before either takes it as it is.

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Any,
    One,
    Is(char),
}

/// A pattern ready to be compared with many texts.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Vec<Step>);

impl Pattern {
    /// None where the pattern ends within an escape.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let mut steps = Vec::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            steps.push(match c {
                '%' if steps.last() == Some(&Step::Any) => continue,
                '%' => Step::Any,
                '_' => Step::One,
                '\\' => Step::Is(chars.next()?),
                c => Step::Is(c),
            });
        }
        Some(Self(steps))
    }

    /// Whether the whole text matches: at most pattern × text steps.
    pub(super) fn matches(&self, text: &str) -> bool {
        let mut rest = text.chars();
        let mut step = 0;
        // The last `%` met, and the text that was left when it had taken as little as was tried so far.
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let before = rest.clone();
            let fits = match (self.0.get(step), rest.next()) {
                (None, None) => return true,
                (Some(Step::Any), _) => {
                    rest = before;
                    step += 1;
                    retry = Some((step, rest.clone()));
                    continue;
                }
                (Some(Step::One), Some(_)) => true,
                (Some(Step::Is(wanted)), Some(found)) => *wanted == found,
                (None, Some(_)) => false,
                (Some(_), None) => return false,
            };
            if fits {
                step += 1;
                continue;
            }
            let Some((after, mut from)) = retry.take() else { return false };
            if from.next().is_none() {
                return false;
            }
            step = after;
            rest = from.clone();
            retry = Some((after, from));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts_by_characters() {
        for (text, pattern, fits) in [
            ("", "", true),
            ("", "%", true),
            ("", "_", false),
            ("Đức", "Đ_c", true),
            ("Đức", "Đ__", true),
            ("Đức", "Đ_", false),
            ("abcabd", "%abd", true),
            ("aaab", "%a_b", true),
            ("ab", "%%b%", true),
            ("a%", "a\\%", true),
            ("ab", "a\\%", false),
            ("a\\", "a\\\\", true),
            ("mississippi", "m%iss%ip%", true),
            ("mississippi", "m%iss%ipx%", false),
            ("brick house", "%brick", false),
        ] {
            assert_eq!(Pattern::new(pattern).expect(pattern).matches(text), fits, "{text} LIKE {pattern}");
        }
        assert!(Pattern::new("a\\").is_none());
    }
}
