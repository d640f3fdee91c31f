//! Tables filled row by row, and the attributes of the survey that travel along.

use std::collections::BTreeMap;

use suyuan_core::raw::{ShapeKind, Shapes, Value, ValueKind};
use suyuan_core::text::TextColumn;
use suyuan_core::{Coord, Language, Origin};
use suyuan_export::{Look, Table, TableColumn, Values};

use crate::city::City;

/// A table filled row by row: columns by name, each value in turn.
pub(crate) struct Rows {
    columns: Vec<(String, String, Cells)>,
    shapes: Shapes,
}

enum Cells {
    Text(TextColumn),
    Integer(Vec<Option<i64>>),
    Real(Vec<f64>),
}

/// The kinds of column that [`Rows`] has.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Texts.
    Text,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
}

impl Rows {
    /// Columns as name, alias in both languages, and kind.
    pub(crate) fn new(kind: ShapeKind, language: Language, columns: &[(&str, &str, &str, Kind)]) -> Self {
        let columns = columns
            .iter()
            .map(|(name, en, zh, kind)| {
                let cells = match kind {
                    Kind::Text => Cells::Text(TextColumn::default()),
                    Kind::Integer => Cells::Integer(Vec::new()),
                    Kind::Real => Cells::Real(Vec::new()),
                };
                ((*name).to_owned(), language.pick(en, zh).to_owned(), cells)
            })
            .collect();
        Self { columns, shapes: Shapes::new(kind) }
    }

    fn cells(&mut self, name: &str) -> Option<&mut Cells> {
        self.columns.iter_mut().find(|c| c.0 == name).map(|c| &mut c.2)
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        if let Some(Cells::Text(column)) = self.cells(name) {
            column.push(value);
        }
        self
    }

    pub(crate) fn real(&mut self, name: &str, value: f64) -> &mut Self {
        if let Some(Cells::Real(column)) = self.cells(name) {
            column.push((value * 1e4).round() / 1e4);
        }
        self
    }

    pub(crate) fn integer(&mut self, name: &str, value: i64) -> &mut Self {
        if let Some(Cells::Integer(column)) = self.cells(name) {
            column.push(Some(value));
        }
        self
    }

    pub(crate) fn shape<'a>(&mut self, parts: impl IntoIterator<Item = &'a [Coord<f64>]>) {
        self.shapes.push(parts);
    }

    pub(crate) fn len(&self) -> usize {
        self.shapes.len()
    }

    pub(crate) fn table(self, name: &str, title: &str, group: &str, look: Look) -> Table {
        let columns = self
            .columns
            .into_iter()
            .map(|(name, alias, cells)| TableColumn {
                name,
                alias,
                values: match cells {
                    Cells::Text(v) => Values::Text(v),
                    Cells::Integer(v) => Values::Integer(v),
                    Cells::Real(v) => Values::Real(v),
                },
            })
            .collect();
        Table {
            name: name.to_owned(),
            title: title.to_owned(),
            group: group.to_owned(),
            look,
            shapes: self.shapes,
            columns,
        }
    }
}

/// The attributes of some rows of the survey, as columns that travel along; of several layers the union.
pub(crate) fn attributes(city: &City, origins: &[Origin]) -> Vec<TableColumn> {
    attributes_of(city, origins, |_, name| name)
}

/// The same, where `read` names the column that a row's value of a column is read from.
pub(crate) fn attributes_of<'a>(
    city: &'a City,
    origins: &[Origin],
    read: impl Fn(&Origin, &'a str) -> &'a str,
) -> Vec<TableColumn> {
    let Some(survey) = &city.survey else { return Vec::new() };
    let mut names: Vec<(&str, ValueKind)> = Vec::new();
    let mut layers: Vec<u16> = origins.iter().map(|o| o.layer).collect();
    layers.sort_unstable();
    layers.dedup();
    for layer in &layers {
        for field in survey.layers[*layer as usize].attributes.fields() {
            match names.iter_mut().find(|n| n.0 == field.name) {
                Some(known) if known.1 != field.kind => known.1 = ValueKind::Text,
                Some(_) => {}
                None => names.push((&field.name, field.kind)),
            }
        }
    }
    names
        .into_iter()
        .map(|(name, kind)| {
            let column = |layer: u16, name: &str| {
                let fields = survey.layers[layer as usize].attributes.fields();
                fields.iter().position(|f| f.name == name)
            };
            let at: BTreeMap<u16, usize> =
                layers.iter().filter_map(|l| Some((*l, column(*l, name)?))).collect();
            let value = |o: &Origin| {
                let field = match read(o, name) {
                    own if own == name => at.get(&o.layer).copied(),
                    other => column(o.layer, other),
                };
                let attributes = &survey.layers[o.layer as usize].attributes;
                field.map_or(Value::Null, |field| attributes.value(o.row as usize, field))
            };
            let values = match kind {
                ValueKind::Integer => Values::Integer(
                    origins
                        .iter()
                        .map(|o| if let Value::Integer(v) = value(o) { Some(v) } else { None })
                        .collect(),
                ),
                ValueKind::Real => Values::Real(
                    origins
                        .iter()
                        .map(|o| match value(o) {
                            Value::Real(v) => v,
                            Value::Integer(v) => v as f64,
                            _ => f64::NAN,
                        })
                        .collect(),
                ),
                ValueKind::Boolean => Values::Boolean(
                    origins
                        .iter()
                        .map(|o| if let Value::Boolean(v) = value(o) { Some(v) } else { None })
                        .collect(),
                ),
                ValueKind::Text | ValueKind::Date => {
                    Values::Text(origins.iter().map(|o| value(o).to_string()).collect())
                }
            };
            // A whole number that does not fit its column is text in the file: keep it as text.
            let whole = matches!(kind, ValueKind::Integer)
                && origins.iter().any(|o| matches!(value(o), Value::Text(_) | Value::Real(_)));
            let values = if whole {
                Values::Text(origins.iter().map(|o| value(o).to_string()).collect())
            } else {
                values
            };
            TableColumn { name: name.to_owned(), alias: name.to_owned(), values }
        })
        .collect()
}
