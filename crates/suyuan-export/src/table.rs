//! What every writer writes: a table of features with typed columns, a title, and a look.

use suyuan_core::raw::{ShapeKind, Shapes, ValueKind};
use suyuan_core::text::TextColumn;

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Texts; a blank one is written as null.
    Text(TextColumn),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Numbers; `NaN` is written as null.
    Real(Vec<f64>),
    /// Truth values.
    Boolean(Vec<Option<bool>>),
}

impl Values {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(v) => v.len(),
            Self::Integer(v) => v.len(),
            Self::Real(v) => v.len(),
            Self::Boolean(v) => v.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What they are.
    #[must_use]
    pub fn kind(&self) -> ValueKind {
        match self {
            Self::Text(_) => ValueKind::Text,
            Self::Integer(_) => ValueKind::Integer,
            Self::Real(_) => ValueKind::Real,
            Self::Boolean(_) => ValueKind::Boolean,
        }
    }

    /// Adds values of the same kind at the end.
    ///
    /// # Panics
    /// If they are of another kind.
    pub fn append(&mut self, more: Self) {
        match (self, more) {
            (Self::Text(values), Self::Text(more)) => values.append(&more),
            (Self::Integer(values), Self::Integer(more)) => values.extend(more),
            (Self::Real(values), Self::Real(more)) => values.extend(more),
            (Self::Boolean(values), Self::Boolean(more)) => values.extend(more),
            (values, more) => panic!("{:?} among {:?}", more.kind(), values.kind()),
        }
    }

    /// Takes every row away.
    pub fn clear(&mut self) {
        match self {
            Self::Text(values) => *values = TextColumn::default(),
            Self::Integer(values) => values.clear(),
            Self::Real(values) => values.clear(),
            Self::Boolean(values) => values.clear(),
        }
    }
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableColumn {
    /// Its name in the file: ASCII for our own, the source's spelling for attributes that travel along.
    pub name: String,
    /// What people read above it, in the language of the export.
    pub alias: String,
    /// Its values, one a row.
    pub values: Values,
}

/// How a layer looks in QGIS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// The flagged outfall or other start: red star in a halo, labelled.
    Start,
    /// Ranked candidates as points: darker and larger the higher the rank, labelled.
    Candidates,
    /// Ranked candidates as areas.
    CandidateAreas,
    /// Where and why branches ended.
    Stops,
    /// Doubtful data by severity.
    Findings,
    /// Proposed repairs, by rank.
    Repairs,
    /// Traced stretches: casing, colour by distance and certainty, arrow along the flow.
    TracedPipes,
    /// How much of something each stretch carries: wider and darker the more, by the column `amount`.
    Amounts,
    /// How probable the source is on each stretch, beside the most probable one: wider and redder the more, by the column
    /// `probability`.
    Probability,
    /// Where was tested, and what was found, by the column `outcome`.
    Tests,
    /// Manholes to be plugged or opened, numbered.
    Plugs,
    /// Manholes on the way.
    Nodes,
    /// Every outfall of the survey.
    Outfalls,
    /// The whole network, thin, by system.
    Network,
    /// Drainers that are no candidates.
    Drainers,
    /// Protected venues.
    Venues,
    /// The circle checked around each venue.
    VenueDiscs,
    /// Rivers and lakes.
    Waters,
    /// A table without geometry.
    Plain,
}

/// A layer ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Table name in the file: ASCII, lower case.
    pub name: String,
    /// Title in the legend, in the language of the export.
    pub title: String,
    /// Legend group, in the language of the export.
    pub group: String,
    /// How it looks.
    pub look: Look,
    /// Geometries, one a row; [`ShapeKind::None`] with no geometry for plain tables.
    pub shapes: Shapes,
    /// Columns, each as long as there are rows.
    pub columns: Vec<TableColumn>,
}

impl Table {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.shapes.kind() == ShapeKind::None {
            self.columns.first().map_or(0, |c| c.values.len())
        } else {
            self.shapes.len()
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|c| c.name == name)
    }
}

/// Everything one export holds, in drawing order, top first.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// Title of the project.
    pub title: String,
    /// The coordinate system of every layer.
    pub crs: suyuan_core::crs::Crs,
    /// The language of titles, aliases and classes.
    pub language: suyuan_core::Language,
    /// The layers, top first.
    pub tables: Vec<Table>,
    /// Name of the table to zoom to when the project opens.
    pub focus: Option<String>,
    /// How the result was made, as key and value: settings, input fingerprints, version.
    pub run_info: Vec<(String, String)>,
}
