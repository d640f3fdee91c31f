//! Conditions on attributes: `行业 = '洗车' AND 排水量 > 10`.
//!
//! Fields are bare or in double quotes, texts in single quotes; operators are `=`, `!=` (or `<>`), `<`, `<=`, `>`,
//! `>=`, `IN (…)`, `IS NULL`, `IS NOT NULL`, joined by `AND`, `OR`, `NOT` and brackets.

use std::cmp::Ordering;

use suyuan_core::Language;
use suyuan_core::raw::{Attributes, Value};

/// A condition on the attributes of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Compare(String, Compare, Vec<String>),
    Null(String, bool),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Compare {
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// Why a condition cannot be understood.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{english}")]
pub struct FilterError {
    english: String,
    chinese: String,
}

impl FilterError {
    fn new(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self { english: english.into(), chinese: chinese.into() }
    }

    /// A field that no layer has.
    #[must_use]
    pub fn no_field(field: &str) -> Self {
        Self::new(format!("no pipe layer has the field `{field}`"), format!("管线图层中没有字段“{field}”"))
    }

    /// The sentence in a language.
    #[must_use]
    pub fn message(&self, language: Language) -> &str {
        language.pick(&self.english, &self.chinese)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Quoted(String),
    Sign(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.peek().copied() {
        match c {
            c if c.is_whitespace() => {
                chars.next();
            }
            '\'' | '"' => {
                chars.next();
                let mut inner = String::new();
                loop {
                    match chars.next() {
                        Some(d) if d == c && chars.peek() == Some(&c) => {
                            chars.next();
                            inner.push(c);
                        }
                        Some(d) if d == c => break,
                        Some(d) => inner.push(d),
                        None => return Err(FilterError::new("a quotation mark is not closed", "引号未闭合")),
                    }
                }
                tokens.push(if c == '"' { Token::Quoted(inner) } else { Token::Text(inner) });
            }
            '(' | ')' | ',' => {
                chars.next();
                tokens.push(Token::Sign(c.to_string()));
            }
            '=' | '<' | '>' | '!' => {
                let mut sign = String::new();
                while let Some(d) = chars.peek().filter(|d| matches!(d, '=' | '<' | '>' | '!')) {
                    sign.push(*d);
                    chars.next();
                }
                tokens.push(Token::Sign(sign));
            }
            _ => {
                let mut word = String::new();
                while let Some(d) = chars
                    .peek()
                    .filter(|d| !d.is_whitespace() && !matches!(d, '(' | ')' | ',' | '=' | '<' | '>' | '!'))
                {
                    word.push(*d);
                    chars.next();
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Sign(s)) if s == sign);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Result<Node, FilterError> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Node::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Node, FilterError> {
        let mut left = self.single()?;
        while self.word("and") {
            left = Node::And(Box::new(left), Box::new(self.single()?));
        }
        Ok(left)
    }

    fn single(&mut self) -> Result<Node, FilterError> {
        self.depth += 1;
        if self.depth > 100 {
            return Err(FilterError::new("it is nested too deeply", "嵌套过深"));
        }
        if self.word("not") {
            return Ok(Node::Not(Box::new(self.single()?)));
        }
        if self.sign("(") {
            let inner = self.or()?;
            return if self.sign(")") {
                Ok(inner)
            } else {
                Err(FilterError::new("a bracket is not closed", "括号未闭合"))
            };
        }
        let field = match self.tokens.get(self.at) {
            Some(Token::Word(w) | Token::Quoted(w)) => w.clone(),
            other => return Err(expected(other, "a field", "字段")),
        };
        self.at += 1;
        if self.word("is") {
            let not = self.word("not");
            return if self.word("null") {
                Ok(Node::Null(field, !not))
            } else {
                Err(FilterError::new("expected NULL after IS", "IS 之后应为 NULL"))
            };
        }
        if self.word("in") {
            if !self.sign("(") {
                return Err(FilterError::new("expected a bracket after IN", "IN 之后应为括号"));
            }
            let mut values = vec![self.value()?];
            while self.sign(",") {
                values.push(self.value()?);
            }
            return if self.sign(")") {
                Ok(Node::Compare(field, Compare::Equal, values))
            } else {
                Err(FilterError::new("a bracket is not closed", "括号未闭合"))
            };
        }
        let compare = match self.tokens.get(self.at) {
            Some(Token::Sign(s)) => match s.as_str() {
                "=" | "==" => Compare::Equal,
                "!=" | "<>" => Compare::Unequal,
                "<" => Compare::Less,
                "<=" => Compare::LessEqual,
                ">" => Compare::Greater,
                ">=" => Compare::GreaterEqual,
                other => {
                    return Err(FilterError::new(
                        format!("`{other}` is no operator"),
                        format!("“{other}”不是运算符"),
                    ));
                }
            },
            other => {
                return Err(expected(
                    other,
                    &format!("an operator after {field}"),
                    &format!("{field} 之后的运算符"),
                ));
            }
        };
        self.at += 1;
        Ok(Node::Compare(field, compare, vec![self.value()?]))
    }

    fn value(&mut self) -> Result<String, FilterError> {
        let value = match self.tokens.get(self.at) {
            Some(Token::Word(w) | Token::Text(w) | Token::Quoted(w)) => w.clone(),
            other => return Err(expected(other, "a value", "值")),
        };
        self.at += 1;
        Ok(value)
    }
}

fn expected(found: Option<&Token>, english: &str, chinese: &str) -> FilterError {
    let (en, zh) = match found {
        None => ("the end".to_owned(), "结尾".to_owned()),
        Some(Token::Word(t) | Token::Text(t) | Token::Quoted(t) | Token::Sign(t)) => {
            (format!("`{t}`"), format!("“{t}”"))
        }
    };
    FilterError::new(format!("expected {english}, found {en}"), format!("应为{chinese}，却是{zh}"))
}

impl Filter {
    /// Reads a condition.
    ///
    /// # Errors
    /// [`FilterError`] naming what was expected.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser { tokens: tokens(text)?, at: 0, depth: 0 };
        let root = parser.or()?;
        match parser.tokens.get(parser.at) {
            None => Ok(Self { root }),
            more => Err(expected(more, "the end", "结尾")),
        }
    }

    /// The fields it asks for.
    #[must_use]
    pub fn fields(&self) -> Vec<&str> {
        fn collect<'a>(node: &'a Node, fields: &mut Vec<&'a str>) {
            match node {
                Node::Compare(field, ..) | Node::Null(field, _) => fields.push(field),
                Node::Not(inner) => collect(inner, fields),
                Node::And(a, b) | Node::Or(a, b) => {
                    collect(a, fields);
                    collect(b, fields);
                }
            }
        }
        let mut fields = Vec::new();
        collect(&self.root, &mut fields);
        fields
    }

    /// Whether a row meets it. A field that is not there, or has no value, meets only `IS NULL` and `!=`.
    #[must_use]
    pub fn accepts(&self, attributes: &dyn Attributes, row: usize) -> bool {
        accepts(&self.root, attributes, row)
    }
}

fn accepts(node: &Node, attributes: &dyn Attributes, row: usize) -> bool {
    let value = |field: &str| {
        let at = attributes.fields().iter().position(|f| f.name.eq_ignore_ascii_case(field));
        at.map_or(Value::Null, |at| attributes.value(row, at))
    };
    match node {
        Node::Not(inner) => !accepts(inner, attributes, row),
        Node::And(a, b) => accepts(a, attributes, row) && accepts(b, attributes, row),
        Node::Or(a, b) => accepts(a, attributes, row) || accepts(b, attributes, row),
        Node::Null(field, null) => (value(field) == Value::Null) == *null,
        Node::Compare(field, compare, values) => {
            let found = value(field);
            let order = |wanted: &String| order(&found, wanted);
            match compare {
                Compare::Equal => values.iter().any(|v| order(v) == Some(Ordering::Equal)),
                Compare::Unequal => values.iter().all(|v| order(v) != Some(Ordering::Equal)),
                Compare::Less => values.iter().any(|v| order(v) == Some(Ordering::Less)),
                Compare::Greater => values.iter().any(|v| order(v) == Some(Ordering::Greater)),
                Compare::LessEqual => values.iter().any(|v| order(v).is_some_and(Ordering::is_le)),
                Compare::GreaterEqual => values.iter().any(|v| order(v).is_some_and(Ordering::is_ge)),
            }
        }
    }
}

/// How a value compares with a text: as numbers where both are, else as texts. `None` for no value.
fn order(value: &Value<'_>, wanted: &str) -> Option<Ordering> {
    let number = match value {
        Value::Null => return None,
        Value::Integer(v) => Some(*v as f64),
        Value::Real(v) => Some(*v),
        Value::Text(t) => t.trim().parse().ok(),
        Value::Boolean(_) | Value::Date(_) => None,
    };
    match (number, wanted.trim().parse::<f64>()) {
        (Some(a), Ok(b)) => a.partial_cmp(&b),
        _ => Some(value.to_string().as_str().cmp(wanted)),
    }
}

#[cfg(test)]
mod tests {
    use suyuan_core::raw::{AttributeField, MemoryAttributes, ValueKind};

    use super::*;

    #[test]
    fn conditions_accept_what_they_say() {
        let field = |name: &str, kind| AttributeField { name: name.to_owned(), kind, width: 0, decimals: 0 };
        let table = MemoryAttributes {
            fields: vec![field("行业", ValueKind::Text), field("flow", ValueKind::Real)],
            rows: vec![
                vec![Value::Text("洗车".into()), Value::Real(12.5)],
                vec![Value::Text("餐饮".into()), Value::Real(3.0)],
                vec![Value::Null, Value::Integer(40)],
            ],
        };
        for (text, expected) in [
            ("行业 = '洗车'", [true, false, false]),
            ("FLOW > 3", [true, false, true]),
            ("flow>=3 and not 行业 = 餐饮", [true, false, true]),
            ("行业 IN ('餐饮','洗车') AND (flow < 5 OR flow > 12)", [true, true, false]),
            ("行业 is null", [false, false, true]),
            ("\"行业\" IS NOT NULL", [true, true, false]),
            ("行业 != '洗车'", [false, true, true]),
            ("missing = 1", [false, false, false]),
        ] {
            let filter = Filter::parse(text).unwrap();
            assert_eq!([0, 1, 2].map(|r| filter.accepts(&table, r)), expected, "{text}");
        }
        for text in ["", "a =", "= 1", "a ~ 1", "(a = 1", "a = 'x", "a = 1 b", "a in 1"] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }
}
