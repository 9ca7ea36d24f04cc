//! Characters into words, by the standard's BNF (`cql2.bnf`).

use super::{Fault, MAX_TEXT_BYTES};
use crate::model::filter::Place;

/// One word of CQL2 text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A bare name: a keyword, a function or a property.
    Name(String),
    /// A property's name between double quotes.
    Quoted(String),
    /// A text, its escapes undone.
    Text(String),
    /// An unsigned number, as written.
    Number(String),
    /// An operator or a mark.
    Symbol(&'static str),
    /// After the last word.
    End,
}

/// A word and where it begins.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) token: Token,
    pub(super) at: Place,
}

/// Longer ones before those that they begin with.
const SYMBOLS: [&str; 15] = ["<>", "<=", ">=", "=", "<", ">", "(", ")", ",", "+", "-", "*", "/", "%", "^"];

struct Lexer {
    chars: Vec<char>,
    next: usize,
}

/// All words of a text, [`Token::End`] last.
pub(super) fn words(text: &str) -> Result<Vec<Word>, Fault> {
    if text.len() > MAX_TEXT_BYTES {
        let what = format!("a filter has at most {MAX_TEXT_BYTES} bytes, this one has {}", text.len());
        return Err(Fault { at: Place::Character(0), what });
    }
    let mut lexer = Lexer { chars: text.chars().collect(), next: 0 };
    let mut words = Vec::new();
    loop {
        lexer.skip(is_space);
        let at = Place::Character(lexer.next);
        let token = lexer.token(&at)?;
        let end = token == Token::End;
        words.push(Word { token, at });
        if end {
            return Ok(words);
        }
    }
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.next + ahead).copied()
    }

    fn skip(&mut self, of: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&of) {
            self.next += 1;
        }
    }

    fn since(&self, start: usize) -> String {
        self.chars.get(start..self.next).unwrap_or_default().iter().collect()
    }

    fn token(&mut self, at: &Place) -> Result<Token, Fault> {
        let start = self.next;
        match self.peek(0) {
            None => Ok(Token::End),
            Some('\'') => self.text(at).map(Token::Text),
            Some('"') => self.quoted(at).map(Token::Quoted),
            Some(first) if first.is_ascii_digit() => self.number(at).map(Token::Number),
            Some('.') if self.peek(1).is_some_and(|c| c.is_ascii_digit()) => self.number(at).map(Token::Number),
            Some(first) if starts_name(first) => {
                self.skip(continues_name);
                Ok(Token::Name(self.since(start)))
            }
            Some(other) => {
                let fits = |symbol: &&&str| symbol.chars().enumerate().all(|(i, c)| self.peek(i) == Some(c));
                let symbol = SYMBOLS.iter().find(fits).copied();
                let what = || format!("{other:?} begins no word; texts stand between single quotes");
                let symbol = symbol.ok_or_else(|| Fault::new(at, what()))?;
                self.next += symbol.len();
                Ok(Token::Symbol(symbol))
            }
        }
    }

    /// A text: `''` and `\'` are a quote, `\\` a backslash, `\n` and the like control characters; a backslash before anything
    /// else stays, for the patterns of LIKE.
    fn text(&mut self, at: &Place) -> Result<String, Fault> {
        self.next += 1;
        let mut text = String::new();
        while let Some(c) = self.peek(0) {
            self.next += 1;
            let after = self.peek(0);
            match (c, after) {
                ('\'', Some('\'')) => {
                    self.next += 1;
                    text.push('\'');
                }
                ('\'', _) => return Ok(text),
                ('\\', Some(after)) => match unescaped(after) {
                    Some(plain) => {
                        self.next += 1;
                        text.push(plain);
                    }
                    None => text.push('\\'),
                },
                _ => text.push(c),
            }
        }
        Err(Fault::new(at, "this text has no closing single quote"))
    }

    fn quoted(&mut self, at: &Place) -> Result<String, Fault> {
        self.next += 1;
        let mut name = String::new();
        while let Some(c) = self.peek(0) {
            self.next += 1;
            match c {
                '"' if self.peek(0) == Some('"') => {
                    self.next += 1;
                    name.push('"');
                }
                '"' if name.is_empty() => return Err(Fault::new(at, "a property's name between the double quotes")),
                '"' => return Ok(name),
                c => name.push(c),
            }
        }
        Err(Fault::new(at, "this name has no closing double quote"))
    }

    fn number(&mut self, at: &Place) -> Result<String, Fault> {
        let start = self.next;
        let digit = |c: char| c.is_ascii_digit();
        self.skip(digit);
        if self.peek(0) == Some('.') {
            self.next += 1;
            self.skip(digit);
        }
        if matches!(self.peek(0), Some('e' | 'E')) {
            self.next += 1;
            if matches!(self.peek(0), Some('+' | '-')) {
                self.next += 1;
            }
            if !self.peek(0).is_some_and(digit) {
                return Err(Fault::new(at, "a number whose exponent has digits, such as 1.5E3"));
            }
            self.skip(digit);
        }
        if self.peek(0).is_some_and(continues_name) {
            return Err(Fault::new(at, "a number and then a space or an operator; a name does not begin with a digit"));
        }
        Ok(self.since(start))
    }
}

fn unescaped(after: char) -> Option<char> {
    Some(match after {
        '\'' | '\\' => after,
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{B}',
        'f' => '\u{C}',
        'r' => '\r',
        _ => return None,
    })
}

fn is_space(c: char) -> bool {
    // The BNF's list is Unicode's white space.
    c.is_whitespace()
}

/// `identifierStart` of the BNF.
pub(super) fn starts_name(c: char) -> bool {
    matches!(c,
        ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFE}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
        && !c.is_whitespace()
}

/// `identifierPart` of the BNF.
pub(super) fn continues_name(c: char) -> bool {
    starts_name(c) || matches!(c, '.' | '0'..='9' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}
