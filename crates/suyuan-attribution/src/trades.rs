//! What is believed about trades before anything is measured: a table that the user may replace.

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

/// A table of trades.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Trades {
    /// The trades, most specific first: the first whose word is found is taken.
    #[serde(rename = "trade")]
    pub trades: Vec<Trade>,
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
        toml::from_str(text).map_err(|error| TradeError(error.to_string()))
    }

    /// The trade that a record's texts speak of.
    #[must_use]
    pub fn recognise(&self, trade: &str, name: &str) -> Option<&Trade> {
        let (trade, name) = (trade.to_lowercase(), name.to_lowercase());
        let found = |text: &str| self.trades.iter().find(|t| t.words.iter().any(|w| holds(text, w)));
        (if trade.is_empty() { None } else { found(&trade) })
            .or_else(|| if name.is_empty() { None } else { found(&name) })
    }
}

/// Whether a text holds a word: anywhere if it is Chinese, which has no blanks; else as a word of its own or its plural,
/// so that a warehouse is no house.
fn holds(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.contains(word);
    }
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + word.len()..];
        let after = rest.strip_prefix("es").or_else(|| rest.strip_prefix('s')).unwrap_or(rest).chars().next();
        !before.is_some_and(char::is_alphanumeric)
            && (!after.is_some_and(char::is_alphanumeric) || !rest.starts_with(char::is_alphanumeric))
    })
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
    }
}
