//! Tables filled row by row, and the attributes of the survey that travel along.

use rayon::prelude::*;
use suyuan_core::raw::{ShapeKind, Shapes, Value, ValueKind};
use suyuan_core::text::TextColumn;
use suyuan_core::{Coord, Language, Origin};
use suyuan_export::{Look, Table, TableColumn, Values};

use crate::city::City;

/// Rows that one thread puts together at a time.
const AT_ONCE: usize = 4096;

/// A table filled row by row: columns by name, each value in turn.
pub(crate) struct Rows {
    columns: Vec<TableColumn>,
    /// The column that comes next, if values come in the order of columns.
    next: usize,
    shapes: Shapes,
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
        let columns = columns.iter().map(|(name, en, zh, kind)| TableColumn {
            name: (*name).to_owned(),
            alias: language.pick(en, zh).to_owned(),
            values: match kind {
                Kind::Text => Values::Text(TextColumn::default()),
                Kind::Integer => Values::Integer(Vec::new()),
                Kind::Real => Values::Real(Vec::new()),
            },
        });
        Self { columns: columns.collect(), next: 0, shapes: Shapes::new(kind) }
    }

    /// Adds what `row` adds for each of many things, in their order, on all threads.
    pub(crate) fn fill<T: Sync>(&mut self, things: &[T], row: impl Fn(&mut Self, &T) + Sync) {
        if things.len() <= AT_ONCE {
            things.iter().for_each(|thing| row(self, thing));
            return;
        }
        let part = |things: &[T]| {
            let mut rows = self.like();
            things.iter().for_each(|thing| row(&mut rows, thing));
            rows
        };
        let parts: Vec<Self> = things.par_chunks(AT_ONCE).map(part).collect();
        for part in parts {
            self.shapes.append(&part.shapes);
            for (column, more) in self.columns.iter_mut().zip(part.columns) {
                column.values.append(more.values);
            }
        }
    }

    /// The same columns, empty.
    fn like(&self) -> Self {
        let columns = self.columns.iter().map(|column| TableColumn {
            name: column.name.clone(),
            alias: column.alias.clone(),
            values: empty(column.values.kind(), AT_ONCE),
        });
        Self { columns: columns.collect(), next: 0, shapes: Shapes::new(self.shapes.kind()) }
    }

    fn values(&mut self, name: &str) -> Option<&mut Values> {
        let count = self.columns.len();
        let places = (self.next..count).chain(0..self.next);
        let at = places.into_iter().find(|at| self.columns[*at].name == name)?;
        self.next = at + 1;
        Some(&mut self.columns[at].values)
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        if let Some(Values::Text(column)) = self.values(name) {
            column.push(value);
        }
        self
    }

    pub(crate) fn real(&mut self, name: &str, value: f64) -> &mut Self {
        if let Some(Values::Real(column)) = self.values(name) {
            column.push(rounded(value));
        }
        self
    }

    /// A number that is rounded already.
    pub(crate) fn exact(&mut self, name: &str, value: f64) -> &mut Self {
        if let Some(Values::Real(column)) = self.values(name) {
            column.push(value);
        }
        self
    }

    pub(crate) fn integer(&mut self, name: &str, value: i64) -> &mut Self {
        if let Some(Values::Integer(column)) = self.values(name) {
            column.push(Some(value));
        }
        self
    }

    /// A whole number that is not known.
    pub(crate) fn unknown(&mut self, name: &str) -> &mut Self {
        if let Some(Values::Integer(column)) = self.values(name) {
            column.push(None);
        }
        self
    }

    pub(crate) fn into_columns(self) -> Vec<TableColumn> {
        self.columns
    }

    pub(crate) fn shape<'a>(&mut self, parts: impl IntoIterator<Item = &'a [Coord<f64>]>) {
        self.shapes.push(parts);
    }

    pub(crate) fn len(&self) -> usize {
        self.shapes.len()
    }

    pub(crate) fn table(self, name: &str, title: &str, group: &str, look: Look) -> Table {
        Table {
            name: name.to_owned(),
            title: title.to_owned(),
            group: group.to_owned(),
            look,
            shapes: self.shapes,
            columns: self.columns,
        }
    }
}

/// A number as tables have it: four decimals.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// A column that travels along: what it holds, and its place in each layer that has it.
struct Travelling<'a> {
    name: &'a str,
    kind: ValueKind,
    at: Vec<Option<usize>>,
}

/// The attributes of some rows of the survey, as columns that travel along; of several layers the union.
pub(crate) fn attributes(city: &City, origins: &[Origin]) -> Vec<TableColumn> {
    attributes_of(city, origins, |_, name| name)
}

/// The same, where `read` names the column that a row's value of a column is read from.
pub(crate) fn attributes_of<'a>(
    city: &'a City,
    origins: &[Origin],
    read: impl Fn(&Origin, &'a str) -> &'a str + Sync,
) -> Vec<TableColumn> {
    let Some(survey) = &city.survey else { return Vec::new() };
    let mut names: Vec<(&str, ValueKind)> = Vec::new();
    let mut present = vec![false; survey.layers.len()];
    origins.iter().for_each(|o| present[o.layer as usize] = true);
    for (layer, _) in survey.layers.iter().zip(&present).filter(|(_, present)| **present) {
        for field in layer.attributes.fields() {
            match names.iter_mut().find(|n| n.0 == field.name) {
                Some(known) if known.1 != field.kind => known.1 = ValueKind::Text,
                Some(_) => {}
                None => names.push((&field.name, field.kind)),
            }
        }
    }
    let place = |layer: usize, name: &str| {
        survey.layers[layer].attributes.fields().iter().position(|f| f.name == name)
    };
    let columns: Vec<Travelling<'_>> = names
        .into_iter()
        .map(|(name, kind)| Travelling {
            name,
            kind,
            at: (0..survey.layers.len()).map(|layer| place(layer, name)).collect(),
        })
        .collect();
    let value = |column: &Travelling<'a>, o: &Origin| {
        let field = match read(o, column.name) {
            own if own == column.name => column.at[o.layer as usize],
            other => place(o.layer as usize, other),
        };
        let attributes = &survey.layers[o.layer as usize].attributes;
        field.map_or(Value::Null, |field| attributes.value(o.row as usize, field))
    };
    // Row by row, so that each row of the file is looked up once.
    let part = |origins: &[Origin]| {
        let mut cells: Vec<(Values, bool)> =
            columns.iter().map(|c| (empty(c.kind, origins.len()), false)).collect();
        for origin in origins {
            for (column, (values, misfit)) in columns.iter().zip(&mut cells) {
                *misfit |= !push(values, value(column, origin));
            }
        }
        cells
    };
    let parts: Vec<Vec<(Values, bool)>> = origins.par_chunks(AT_ONCE).map(part).collect();
    let mut all: Vec<(Values, bool)> = columns.iter().map(|c| (empty(c.kind, 0), false)).collect();
    for part in parts {
        for ((all, any), (values, misfit)) in all.iter_mut().zip(part) {
            all.append(values);
            *any |= misfit;
        }
    }
    let table_column = |(column, (values, misfit)): (&Travelling<'a>, (Values, bool))| TableColumn {
        name: column.name.to_owned(),
        alias: column.name.to_owned(),
        // A whole number that does not fit its column is text in the file: keep it as text.
        values: if misfit && column.kind == ValueKind::Integer {
            Values::Text(origins.iter().map(|o| value(column, o).to_string()).collect())
        } else {
            values
        },
    };
    columns.iter().zip(all).map(table_column).collect()
}

fn empty(kind: ValueKind, rows: usize) -> Values {
    match kind {
        ValueKind::Integer => Values::Integer(Vec::with_capacity(rows)),
        ValueKind::Real => Values::Real(Vec::with_capacity(rows)),
        ValueKind::Boolean => Values::Boolean(Vec::with_capacity(rows)),
        ValueKind::Text | ValueKind::Date => Values::Text(TextColumn::with_capacity(rows)),
    }
}

/// Adds a value of the file; `false` if the column cannot hold it.
fn push(values: &mut Values, value: Value<'_>) -> bool {
    let fits = !matches!(value, Value::Text(_) | Value::Real(_));
    match (values, value) {
        (Values::Integer(values), value) => {
            values.push(if let Value::Integer(v) = value { Some(v) } else { None });
            return fits;
        }
        (Values::Real(values), Value::Real(v)) => values.push(v),
        (Values::Real(values), Value::Integer(v)) => values.push(v as f64),
        (Values::Real(values), _) => values.push(f64::NAN),
        (Values::Boolean(values), value) => {
            values.push(if let Value::Boolean(v) = value { Some(v) } else { None });
        }
        (Values::Text(values), Value::Text(text) | Value::Date(text)) => values.push(&text),
        (Values::Text(values), Value::Null) => values.push(""),
        (Values::Text(values), value) => values.push(&value.to_string()),
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_filled_by_many_threads_in_several_goes_are_those_added_one_by_one() {
        let columns = [("n", "", "", Kind::Integer), ("t", "", "", Kind::Text), ("r", "", "", Kind::Real)];
        let new = || Rows::new(ShapeKind::Point, Language::English, &columns);
        let row = |rows: &mut Rows, n: &i64| {
            if n % 5 > 0 {
                let place = Coord { x: *n as f64, y: 0.5 };
                rows.integer("n", *n).text("t", &"x".repeat((n % 4) as usize)).real("r", *n as f64 / 7.0);
                rows.shape((n % 3 > 0).then_some([place].as_slice()));
            }
        };
        let numbers: Vec<i64> = (0..30_000).collect();
        let (mut one, mut many) = (new(), new());
        numbers.iter().for_each(|n| row(&mut one, n));
        for some in [0..10_000, 10_000..10_007, 10_007..30_000] {
            many.fill(&numbers[some], row);
        }
        let table = |rows: Rows| rows.table("t", "", "", Look::Plain);
        assert_eq!(table(one), table(many));
    }
}
