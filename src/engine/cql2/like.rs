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
pub(super) struct Pattern {
    steps: Vec<Step>,
    /// The longest piece of text that whatever matches has.
    piece: String,
    shape: Shape,
}

/// Where a text that matches has the one piece of which a pattern is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `%`: whatever the text is.
    Anything,
    /// `piece`: it is the text.
    Whole,
    /// `piece%`
    Begins,
    /// `%piece`
    Ends,
    /// `%piece%`
    Within,
    /// Several pieces, or `_`.
    Steps,
}

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
        let (piece, shape) = (longest_piece(&steps), shape(&steps));
        Some(Self { steps, piece, shape })
    }

    /// A piece of text that whatever matches has; none where the pattern names no character.
    pub(super) fn piece(&self) -> Option<&str> {
        Some(self.piece.as_str()).filter(|piece| !piece.is_empty())
    }

    /// Where the piece is.
    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// Whether the whole text matches: at most pattern × text steps.
    pub(super) fn matches(&self, text: &str) -> bool {
        match self.shape {
            Shape::Anything => true,
            Shape::Whole => text == self.piece,
            Shape::Begins => text.starts_with(&self.piece),
            Shape::Ends => text.ends_with(&self.piece),
            Shape::Within => text.contains(&self.piece),
            Shape::Steps => self.steps_match(text),
        }
    }

    fn steps_match(&self, text: &str) -> bool {
        let mut rest = text.chars();
        let mut step = 0;
        // The last `%` met, and the text that was left when it had taken as little as was tried so far.
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let before = rest.clone();
            let fits = match (self.steps.get(step), rest.next()) {
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

fn shape(steps: &[Step]) -> Shape {
    let (from, rest) = match steps {
        [Step::Any, rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (to, piece) = match rest {
        [piece @ .., Step::Any] => (true, piece),
        piece => (false, piece),
    };
    match (from, to) {
        _ if !piece.iter().all(|step| matches!(step, Step::Is(_))) => Shape::Steps,
        (true, _) if piece.is_empty() => Shape::Anything,
        (false, false) => Shape::Whole,
        (false, true) => Shape::Begins,
        (true, false) => Shape::Ends,
        (true, true) => Shape::Within,
    }
}

fn longest_piece(steps: &[Step]) -> String {
    let runs = steps.split(|step| !matches!(step, Step::Is(_)));
    let pieces = runs.map(|run| run.iter().filter_map(|step| if let Step::Is(c) = step { Some(*c) } else { None }));
    pieces.map(String::from_iter).max_by_key(String::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn what_matches_has_the_longest_piece_where_the_shape_says() {
        for (pattern, piece, shape) in [
            ("%cháy%", Some("cháy"), Shape::Within),
            ("%%50\\%%", Some("50%"), Shape::Within),
            ("ab%cde_f", Some("cde"), Shape::Steps),
            ("cháy%", Some("cháy"), Shape::Begins),
            ("%cháy", Some("cháy"), Shape::Ends),
            ("cháy", Some("cháy"), Shape::Whole),
            ("%_%", None, Shape::Steps),
            ("%%", None, Shape::Anything),
            ("", None, Shape::Whole),
        ] {
            let made = Pattern::new(pattern).expect(pattern);
            assert_eq!((made.piece(), made.shape()), (piece, shape), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_short_way_matches_what_the_steps_match(text in "[abđ]{0,5}", pattern in "[abđ%_]{0,5}") {
            let pattern = Pattern::new(&pattern).expect("a pattern");
            prop_assert_eq!(pattern.matches(&text), pattern.steps_match(&text), "{} {:?}", text, pattern);
        }
    }
}
