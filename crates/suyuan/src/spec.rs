//! Which files make a city, and how they are understood.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use suyuan_core::Role;
use suyuan_network::BuildConfig;
use suyuan_read::{LayerSpec, ReadOptions};

/// Which files make a city, and how they are understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CitySpec {
    /// Title of its results.
    pub title: String,
    /// Its layers.
    pub layers: Vec<LayerSpec>,
    /// How they are read.
    pub read: ReadOptions,
    /// How the network is built.
    pub build: BuildConfig,
    /// How far a drainer's nearest pipe may lie, metres.
    pub drainer_reach: f64,
    /// A table of trades in place of the shipped one.
    pub trades: Option<PathBuf>,
}

impl Default for CitySpec {
    fn default() -> Self {
        Self {
            title: String::new(),
            layers: Vec::new(),
            read: ReadOptions::default(),
            build: BuildConfig::automatic(),
            drainer_reach: 50.0,
            trades: None,
        }
    }
}

impl CitySpec {
    /// Adds a layer given as `FILE` or `FILE:layer`.
    pub fn add(&mut self, role: Role, text: &str) {
        self.layers.push(LayerSpec::parse(role, text));
    }

    /// Whether it has a layer of that role.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.layers.iter().any(|l| l.role == role)
    }
}
