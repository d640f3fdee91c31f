//! What is believed about trades before anything is measured: a table that the user may replace.

use std::fmt;

use aho_corasick::AhoCorasick;
use serde::Deserialize;
use suyuan_core::System;

/// One kind of drainer.
#[doc(alias = "行业")]
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Trade {
    /// Stable id, such as `D02`.
    pub id: String,
    /// Name in English.
    pub english: String,
    /// Name in Chinese.
    pub chinese: String,
    /// Words by which a record's trade or name is recognised, lower case.
    pub words: Vec<String>,
    /// How much likelier than an average drainer it is to be the source, as log odds.
    pub log_odds: f64,
    /// What it mostly produces: `foul` or `storm`.
    pub produces: System,
}

/// A table of trades, and how their words are found in records.
#[derive(Clone)]
pub struct Trades {
    trades: Vec<Trade>,
    words: AhoCorasick,
    trade_of_word: Vec<usize>,
}

impl PartialEq for Trades {
    fn eq(&self, other: &Self) -> bool {
        self.trades == other.trades
    }
}

impl fmt::Debug for Trades {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.trades.fmt(f)
    }
}

/// Why a table of trades cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the table of trades is not valid TOML: {0}")]
pub struct TradeError(String);

impl Trades {
    /// The table that ships with suyuan.
    ///
    /// # Reference
    /// Categories follow the drainer categories of Chinese licence practice (排水户分类); the log odds are working
    /// assumptions to be replaced by local experience.
    ///
    /// # Panics
    /// Never: a test reads the table.
    #[must_use]
    pub fn shipped() -> Self {
        Self::parse(include_str!("../trades.toml")).expect("the shipped table is valid")
    }

    /// Reads a table from TOML text.
    ///
    /// # Errors
    /// [`TradeError`] with the line that is wrong.
    pub fn parse(text: &str) -> Result<Self, TradeError> {
        #[derive(Deserialize)]
        struct Table {
            trade: Vec<Trade>,
        }
        let table: Table = toml::from_str(text).map_err(|error| TradeError(error.to_string()))?;
        let trades = table.trade;
        if let Some(trade) = trades.iter().find(|t| t.words.iter().any(|w| w.trim().is_empty())) {
            return Err(TradeError(format!("trade {} has a word that is blank", trade.id)));
        }
        let words = || trades.iter().zip(0..).flat_map(|(t, k)| t.words.iter().map(move |w| (w, k)));
        let automaton = AhoCorasick::new(words().map(|w| w.0)).map_err(|e| TradeError(e.to_string()))?;
        let trade_of_word = words().map(|w| w.1).collect();
        Ok(Self { trades, words: automaton, trade_of_word })
    }

    /// The trades, most specific first: the first whose word is found is taken.
    #[must_use]
    pub fn all(&self) -> &[Trade] {
        &self.trades
    }

    /// The trade of that id.
    #[must_use]
    pub fn trade(&self, id: &str) -> Option<&Trade> {
        self.trades.iter().find(|t| t.id == id)
    }

    /// The trade that a record's texts speak of: its trade, else its name. O(length of the texts).
    #[must_use]
    pub fn recognise(&self, trade: &str, name: &str) -> Option<&Trade> {
        self.first_in(&trade.to_lowercase()).or_else(|| self.first_in(&name.to_lowercase()))
    }

    /// The first trade of the table of which the text holds a word.
    fn first_in(&self, text: &str) -> Option<&Trade> {
        let words = self.words.find_overlapping_iter(text);
        let words = words.filter(|w| stands_alone(text, w.start(), w.end()));
        words.map(|w| self.trade_of_word[w.pattern().as_usize()]).min().map(|k| &self.trades[k])
    }
}

/// Whether what stands there is a word: anything if it is Chinese, which has no blanks; else a word of its own or its plural,
/// so that a warehouse is no house.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    if !text[start..end].is_ascii() {
        return true;
    }
    let before = text[..start].chars().next_back();
    let rest = &text[end..];
    let after = rest.strip_prefix("es").or_else(|| rest.strip_prefix('s')).unwrap_or(rest).chars().next();
    !before.is_some_and(char::is_alphanumeric)
        && (!after.is_some_and(char::is_alphanumeric) || !rest.starts_with(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_trades_are_recognised_in_both_languages() {
        let trades = Trades::shipped();
        assert_eq!(trades.recognise("洗车", "").unwrap().id, "D03");
        assert_eq!(trades.recognise("Restaurant", "").unwrap().id, "D02");
        assert_eq!(trades.recognise("", "东街农贸市场").unwrap().id, "D07");
        assert!(trades.recognise("", "").is_none());
        assert_eq!(
            trades.recognise("Detached houses", "").unwrap().english,
            trades.recognise("house", "").unwrap().english
        );
        let warehouse = trades.recognise("Warehouse", "").map(|t| t.english.clone());
        assert_ne!(warehouse, trades.recognise("house", "").map(|t| t.english.clone()));
        assert!(Trades::parse("[[trade]]\nid = 3").is_err());
        let blank = include_str!("../trades.toml").replacen("words = [", "words = [\"\", ", 1);
        assert!(Trades::parse(&blank).unwrap_err().to_string().ends_with("has a word that is blank"));
    }

    #[test]
    fn the_first_trade_of_the_table_is_taken_wherever_its_word_stands() {
        let trades = Trades::shipped();
        let all: Vec<(usize, &String)> =
            trades.trades.iter().enumerate().flat_map(|(k, t)| t.words.iter().map(move |w| (k, w))).collect();
        for (_, a) in &all {
            for (_, b) in &all {
                let text = format!("{a} {b}");
                let holds = |word: &str| {
                    text.match_indices(word).any(|(at, _)| stands_alone(&text, at, at + word.len()))
                };
                let first = all.iter().find(|(_, word)| holds(word)).map(|(k, _)| *k);
                let found = trades.recognise(&text, "").map(|t| &t.id);
                assert_eq!(found, first.map(|k| &trades.trades[k].id), "{text}");
            }
        }
    }
}
