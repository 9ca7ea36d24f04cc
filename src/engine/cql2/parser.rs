//! CQL2 text into a tree: recursive descent over the standard's BNF, operators by their precedence.
//!
//! Beside the standard's words it takes `ILIKE`, as GDAL and PostgreSQL write LIKE between two CASEI.
//!
//! One rule reads every kind of operand; whether a text stands where a number must is for `check` to say, with a better message.

use super::lexer::{Token, Word, words};
use super::literal::{day, instant, interval_end, number};
use super::{Fault, MAX_DEPTH};
use crate::model::filter::{Arithmetic, Comparison, Expr, ExprKind, Operator, Place};

/// Words that are no property unless they stand between double quotes.
pub(super) const KEYWORDS: [&str; 10] = ["AND", "OR", "NOT", "IS", "NULL", "LIKE", "BETWEEN", "IN", "TRUE", "FALSE"];

/// Reads a whole text.
pub(super) fn parse(text: &str) -> Result<Expr, Fault> {
    let mut parser = Parser { words: words(text)?, next: 0, depth: 0 };
    let tree = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(tree),
        _ => Err(parser.expected("AND, OR, an operator, or the filter's end")),
    }
}

/// Words, and how many were read.
pub(super) struct Parser {
    words: Vec<Word>,
    next: usize,
    depth: usize,
}

impl Parser {
    pub(super) fn peek(&self) -> &Token {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, words: usize) -> &Token {
        self.words.get(self.next + words).map_or(&Token::End, |word| &word.token)
    }

    pub(super) fn at(&self) -> Place {
        let word = self.words.get(self.next).or(self.words.last());
        word.map_or(Place::Character(0), |word| word.at.clone())
    }

    pub(super) fn step(&mut self) {
        self.next += 1;
    }

    pub(super) fn expected(&self, what: &str) -> Fault {
        let found = match self.peek() {
            Token::Name(name) => format!("{name:.40}"),
            Token::Quoted(name) => format!("\"{name:.40}\""),
            Token::Text(text) => format!("'{text:.40}'"),
            Token::Number(number) => format!("{number:.40}"),
            Token::Symbol(symbol) => (*symbol).to_owned(),
            Token::End => "the filter's end".to_owned(),
        };
        Fault { at: self.at(), what: format!("expected {what}, found {found}") }
    }

    pub(super) fn takes(&mut self, symbol: &str) -> bool {
        let is = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        self.next += usize::from(is);
        is
    }

    pub(super) fn needs(&mut self, symbol: &str) -> Result<(), Fault> {
        if self.takes(symbol) { Ok(()) } else { Err(self.expected(symbol)) }
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.ahead(ahead), Token::Name(name) if name.eq_ignore_ascii_case(word))
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is = self.is_word(0, word);
        self.next += usize::from(is);
        is
    }

    /// Runs a rule one level deeper.
    fn deeper<T>(&mut self, rule: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.check_depth(self.depth + 1)?;
        self.depth += 1;
        let result = rule(self);
        self.depth -= 1;
        result
    }

    fn check_depth(&self, depth: usize) -> Result<(), Fault> {
        if depth <= MAX_DEPTH {
            return Ok(());
        }
        Err(Fault { at: self.at(), what: format!("a filter nests at most {MAX_DEPTH} levels deep") })
    }

    /// `booleanExpression`.
    fn expression(&mut self) -> Result<Expr, Fault> {
        self.joined("OR", Operator::Or, Self::term)
    }

    /// `booleanTerm`.
    fn term(&mut self) -> Result<Expr, Fault> {
        self.joined("AND", Operator::And, Self::factor)
    }

    fn joined(
        &mut self,
        word: &str,
        operator: Operator,
        part: fn(&mut Self) -> Result<Expr, Fault>,
    ) -> Result<Expr, Fault> {
        let at = self.at();
        let first = part(self)?;
        if !self.is_word(0, word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.takes_word(word) {
            parts.push(part(self)?);
        }
        Ok(apply(at, operator, parts))
    }

    /// `booleanFactor`; more than one NOT is taken too.
    fn factor(&mut self) -> Result<Expr, Fault> {
        let mut nots = Vec::new();
        while self.is_word(0, "NOT") {
            self.check_depth(self.depth + nots.len() + 1)?;
            nots.push(self.at());
            self.step();
        }
        self.depth += nots.len();
        let inner = self.comparison();
        self.depth -= nots.len();
        Ok(nots.into_iter().rev().fold(inner?, |inner, at| apply(at, Operator::Not, vec![inner])))
    }

    /// `comparisonPredicate`, or an operand alone.
    fn comparison(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        let left = self.sum()?;
        if let Some(comparison) = self.comparison_sign() {
            let right = self.sum()?;
            return Ok(apply(at, Operator::Compare(comparison), vec![left, right]));
        }
        if self.takes_word("IS") {
            let not = self.takes_word("NOT");
            if !self.takes_word("NULL") {
                return Err(self.expected(if not { "NULL" } else { "NULL or NOT NULL" }));
            }
            return Ok(denied(not, apply(at, Operator::IsNull, vec![left])));
        }
        let not = self.is_word(0, "NOT")
            && ["LIKE", "ILIKE", "BETWEEN", "IN"].iter().any(|word| self.is_word(1, word))
            && self.takes_word("NOT");
        if self.takes_word("LIKE") {
            let pattern = self.sum()?;
            return Ok(denied(not, apply(at, Operator::Like, vec![left, pattern])));
        }
        if self.takes_word("ILIKE") {
            let folded = |expr: Expr| apply(expr.at.clone(), Operator::CaseI, vec![expr]);
            let operands = vec![folded(left), folded(self.sum()?)];
            return Ok(denied(not, apply(at, Operator::Like, operands)));
        }
        if self.takes_word("BETWEEN") {
            let least = self.sum()?;
            if !self.takes_word("AND") {
                return Err(self.expected("AND and the greatest value"));
            }
            let most = self.sum()?;
            return Ok(denied(not, apply(at, Operator::Between, vec![left, least, most])));
        }
        if self.takes_word("IN") {
            let list_at = self.at();
            self.needs("(")?;
            let list = self.deeper(|parser| parser.list(Self::sum))?;
            let list = Expr { at: list_at, kind: ExprKind::Array(list) };
            return Ok(denied(not, apply(at, Operator::In, vec![left, list])));
        }
        Ok(left)
    }

    fn comparison_sign(&mut self) -> Option<Comparison> {
        let signs = [
            ("=", Comparison::Equal),
            ("<>", Comparison::NotEqual),
            ("<", Comparison::Less),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            (">=", Comparison::GreaterOrEqual),
        ];
        signs.into_iter().find(|(sign, _)| self.takes(sign)).map(|(_, comparison)| comparison)
    }

    /// `arithmeticExpression`.
    fn sum(&mut self) -> Result<Expr, Fault> {
        self.chained(&[("+", Arithmetic::Add), ("-", Arithmetic::Subtract)], Self::product)
    }

    /// `arithmeticTerm`.
    fn product(&mut self) -> Result<Expr, Fault> {
        let signs = [("*", Arithmetic::Multiply), ("/", Arithmetic::Divide), ("%", Arithmetic::Remainder)];
        self.chained(&signs, Self::power)
    }

    /// Operators of one precedence, from left to right: each nests the ones before it.
    fn chained(
        &mut self,
        signs: &[(&str, Arithmetic)],
        part: fn(&mut Self) -> Result<Expr, Fault>,
    ) -> Result<Expr, Fault> {
        let at = self.at();
        let mut left = part(self)?;
        let mut links = 0;
        loop {
            let sign = signs.iter().find(|(sign, _)| self.takes(sign)).map(|(_, operator)| *operator);
            let whole = || Arithmetic::WholeDivide;
            let divides = sign.is_none() && signs.len() == 3 && self.takes_word("DIV");
            let Some(operator) = sign.or_else(|| divides.then(whole)) else { return Ok(left) };
            links += 1;
            self.check_depth(self.depth + links)?;
            let right = part(self)?;
            left = apply(at.clone(), Operator::Arithmetic(operator), vec![left, right]);
        }
    }

    /// `powerTerm`: one `^` at most, the BNF has no order for two.
    fn power(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        let base = self.signed()?;
        if !self.takes("^") {
            return Ok(base);
        }
        let exponent = self.signed()?;
        if matches!(self.peek(), Token::Symbol("^")) {
            return Err(Fault { at: self.at(), what: "write (a ^ b) ^ c or a ^ (b ^ c)".to_owned() });
        }
        Ok(apply(at, Operator::Arithmetic(Arithmetic::Power), vec![base, exponent]))
    }

    /// `arithmeticFactor`: signs belong to a number that follows, before anything else a minus is `-1 *`.
    fn signed(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        let mut minus = false;
        let mut signs = 0;
        loop {
            match self.peek() {
                Token::Symbol("-") => minus = !minus,
                Token::Symbol("+") => {}
                _ => break,
            }
            signs += 1;
            self.check_depth(self.depth + signs)?;
            self.step();
        }
        if let Token::Number(digits) = self.peek() {
            let kind = number(&at, digits, minus)?;
            self.step();
            return Ok(Expr { at, kind });
        }
        let operand = self.primary()?;
        if !minus {
            return Ok(operand);
        }
        let one = Expr { at: at.clone(), kind: ExprKind::Integer(-1) };
        Ok(apply(at, Operator::Arithmetic(Arithmetic::Multiply), vec![one, operand]))
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        let kind = match self.peek().clone() {
            Token::Symbol("(") => {
                self.step();
                return self.deeper(|parser| parser.group(at, Alone::Itself));
            }
            Token::Text(text) => ExprKind::Text(text),
            Token::Quoted(name) => ExprKind::Property(name),
            Token::Name(name) if name.eq_ignore_ascii_case("TRUE") => ExprKind::Boolean(true),
            Token::Name(name) if name.eq_ignore_ascii_case("FALSE") => ExprKind::Boolean(false),
            Token::Name(name) if is_keyword(&name) => return Err(self.expected("a value")),
            Token::Name(name) => {
                if let Some(kind) = self.geometry_literal(&name)? {
                    return Ok(Expr { at, kind });
                }
                if matches!(self.ahead(1), Token::Symbol("(")) {
                    self.step();
                    self.step();
                    let kind = self.deeper(|parser| parser.call(&at, name))?;
                    return Ok(Expr { at, kind });
                }
                ExprKind::Property(name)
            }
            Token::Number(_) | Token::Symbol(_) | Token::End => return Err(self.expected("a value")),
        };
        self.step();
        Ok(Expr { at, kind })
    }

    /// After `(`: one expression in parentheses, or a list.
    fn group(&mut self, at: Place, one: Alone) -> Result<Expr, Fault> {
        let mut items = if self.takes(")") { Vec::new() } else { self.list(Self::expression)? };
        match (items.pop(), items.is_empty(), one) {
            (Some(only), true, Alone::Itself) => Ok(only),
            (last, ..) => {
                items.extend(last);
                Ok(Expr { at, kind: ExprKind::Array(items) })
            }
        }
    }

    /// One or more, separated by commas, and the closing parenthesis.
    pub(super) fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        let mut items = vec![item(self)?];
        while self.takes(",") {
            items.push(item(self)?);
        }
        if self.takes(")") { Ok(items) } else { Err(self.expected(", or )")) }
    }

    /// After a function's name and `(`.
    fn call(&mut self, at: &Place, name: String) -> Result<ExprKind, Fault> {
        match name.to_ascii_uppercase().as_str() {
            "DATE" => return self.closing_text(|at, text| day(at, text).map(ExprKind::Date)),
            "TIMESTAMP" => return self.closing_text(|at, text| instant(at, text).map(ExprKind::Timestamp)),
            "INTERVAL" => return self.interval(),
            _ => {}
        }
        let operator = Operator::from_name(&name).filter(|operator| operator.is_function());
        let operands = match operator {
            _ if self.takes(")") => Vec::new(),
            Some(Operator::Array(_)) => self.list(Self::array_operand)?,
            _ => self.list(Self::expression)?,
        };
        let Some(operator) = operator else { return Ok(ExprKind::Function(name, operands)) };
        let (least, _) = operator.operands();
        if operands.len() != least {
            let what = format!("{name} takes {least} operands, found {}", operands.len());
            return Err(Fault::new(at, what));
        }
        Ok(ExprKind::Apply(operator, operands))
    }

    /// Parentheses round a list's only element are a list too.
    fn array_operand(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        if self.takes("(") {
            return self.deeper(|parser| parser.group(at, Alone::List));
        }
        self.expression()
    }

    fn closing_text(&mut self, read: impl Fn(&Place, &str) -> Result<ExprKind, Fault>) -> Result<ExprKind, Fault> {
        let at = self.at();
        let Token::Text(text) = self.peek().clone() else { return Err(self.expected("a text between single quotes")) };
        self.step();
        self.needs(")")?;
        read(&at, &text)
    }

    fn interval(&mut self) -> Result<ExprKind, Fault> {
        let at = self.at();
        let ends = self.list(|parser| {
            let at = parser.at();
            let Token::Text(text) = parser.peek().clone() else { return parser.primary() };
            parser.step();
            Ok(Expr { kind: interval_end(&at, &text)?, at })
        })?;
        if ends.len() == 2 { Ok(ExprKind::Interval(ends)) } else { Err(Fault::new(&at, "INTERVAL takes two ends")) }
    }
}

/// What one expression in parentheses is.
#[derive(Clone, Copy)]
enum Alone {
    Itself,
    List,
}

fn apply(at: Place, operator: Operator, operands: Vec<Expr>) -> Expr {
    Expr { at, kind: ExprKind::Apply(operator, operands) }
}

fn denied(not: bool, inner: Expr) -> Expr {
    if not { apply(inner.at.clone(), Operator::Not, vec![inner]) } else { inner }
}

/// Whether a bare word is none of a property's names.
pub(super) fn is_keyword(name: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(name)) || name.eq_ignore_ascii_case("DIV")
}
