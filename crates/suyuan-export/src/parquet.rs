//! Parquet: tables by columns, layers as GeoParquet.
//!
//! Where the coordinates lie is always said, since readers take degrees of WGS 84 for granted where nothing is; `null` says that
//! nobody knows. Titles of columns, and how the result was made, stand in the file's own metadata under `suyuan`.
//!
//! # Reference
//! GeoParquet 1.1.0; Apache Parquet 2.10.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::types::{ColumnPath, Type, TypePtr};
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use suyuan_core::crs::Crs;
use suyuan_core::raw::{ShapeKind, Shapes, ValueKind};

use crate::error::ExportError;
use crate::gpkg::names_beside;
use crate::table::{Package, Table, TableColumn, Values};
use crate::wkb::{Bounds, around, write_wkb};
use crate::write::{Batch, check_place};

/// Rows of a group: what is written, and read, at a time.
const GROUP: usize = 65_536;

/// The columns that GeoParquet adds.
const GEOMETRY: &str = "geometry";
const BOX: &str = "bbox";
const SIDES: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

type Done<T> = Result<T, ParquetError>;

/// The type of a column that may be null.
fn optional(name: &str, kind: ValueKind) -> Done<TypePtr> {
    let (physical, logical) = match kind {
        ValueKind::Integer => (Physical::INT64, None),
        ValueKind::Real => (Physical::DOUBLE, None),
        ValueKind::Boolean => (Physical::BOOLEAN, None),
        ValueKind::Text | ValueKind::Date => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let column = Type::primitive_type_builder(name, physical).with_logical_type(logical);
    Ok(Arc::new(column.with_repetition(Repetition::OPTIONAL).build()?))
}

/// Geometry and the boxes around it.
fn spatial() -> Done<[TypePtr; 2]> {
    let geometry = Type::primitive_type_builder(GEOMETRY, Physical::BYTE_ARRAY);
    let side = |name| {
        let side = Type::primitive_type_builder(name, Physical::DOUBLE);
        Ok(Arc::new(side.with_repetition(Repetition::REQUIRED).build()?))
    };
    let sides = SIDES.into_iter().map(side).collect::<Done<Vec<TypePtr>>>()?;
    let boxes = Type::group_type_builder(BOX).with_repetition(Repetition::OPTIONAL).with_fields(sides);
    Ok([Arc::new(geometry.with_repetition(Repetition::OPTIONAL).build()?), Arc::new(boxes.build()?)])
}

/// A file that is being written group by group.
struct Groups<W: Write + Send> {
    out: SerializedFileWriter<W>,
    /// The types met, and the box around all.
    types: BTreeSet<&'static str>,
    bounds: Option<Bounds>,
}

impl<W: Write + Send> Groups<W> {
    /// Begins a file with some columns, and geometry if it is of a layer.
    fn begin(out: W, columns: &[TableColumn], layer: bool) -> Done<Self> {
        let taken: &[&str] = if layer { &[GEOMETRY, BOX] } else { &[] };
        let names = names_beside(taken, columns);
        let mut fields = Vec::with_capacity(columns.len() + 2);
        for (name, column) in names.iter().zip(columns) {
            fields.push(optional(name, column.values.kind())?);
        }
        let mut properties = WriterProperties::builder()
            .set_created_by(format!("suyuan {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::ZSTD(ZstdLevel::default()));
        if layer {
            fields.extend(spatial()?);
            // No two of them are alike.
            let geometry = ColumnPath::from(GEOMETRY);
            properties = properties
                .set_column_dictionary_enabled(geometry.clone(), false)
                .set_column_statistics_enabled(geometry, EnabledStatistics::None);
            for side in SIDES {
                let path = ColumnPath::new(vec![BOX.to_owned(), side.to_owned()]);
                properties = properties.set_column_dictionary_enabled(path, false);
            }
        }
        let schema = Arc::new(Type::group_type_builder("suyuan").with_fields(fields).build()?);
        let out = SerializedFileWriter::new(out, schema, Arc::new(properties.build()))?;
        Ok(Self { out, types: BTreeSet::new(), bounds: None })
    }

    /// Writes some rows as one group.
    fn write(&mut self, columns: &[TableColumn], shapes: Option<&Shapes>, rows: Range<usize>) -> Done<()> {
        let mut group = self.out.next_row_group()?;
        for column in columns {
            write_values(&mut group, &column.values, rows.clone())?;
        }
        if let Some(shapes) = shapes {
            let types = write_shapes(&mut group, shapes, rows.clone())?;
            self.types.extend(types);
            let boxes = write_boxes(&mut group, shapes, rows)?;
            self.bounds = self.bounds.into_iter().chain(boxes).reduce(union);
        }
        group.close()?;
        Ok(())
    }

    /// What GeoParquet says of the file.
    fn geo(&self, crs: &Crs) -> Json {
        let projjson = crs.projjson().and_then(|text| serde_json::from_str(&text).ok());
        let sides: Map<String, Json> =
            SIDES.iter().map(|side| ((*side).to_owned(), json!([BOX, side]))).collect();
        let mut column = json!({
            "encoding": "WKB",
            "geometry_types": self.types,
            "crs": projjson.unwrap_or(Json::Null),
            "covering": {BOX: sides},
        });
        if let Some([x0, x1, y0, y1]) = self.bounds {
            column["bbox"] = json!([x0, y0, x1, y1]);
        }
        json!({"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}})
    }

    fn say(&mut self, key: &str, value: &Json) {
        self.out.append_key_value_metadata(KeyValue::new(key.to_owned(), value.to_string()));
    }
}

fn union(a: Bounds, b: Bounds) -> Bounds {
    [a[0].min(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].max(b[3])]
}

/// Writes one column: its values, and for each row whether it has one.
fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &[T::T],
    present: &[i16],
) -> Done<()> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("more columns than the schema has".to_owned()));
    };
    column.typed::<T>().write_batch(values, Some(present), None)?;
    column.close()
}

fn write_values(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &Values,
    rows: Range<usize>,
) -> Done<()> {
    match values {
        Values::Text(column) => {
            let texts = rows.map(|row| Some(column.at(row).as_bytes()).filter(|text| !text.is_empty()));
            let (values, present) = slices(texts);
            put::<ByteArrayType>(group, &values, &present)
        }
        Values::Integer(column) => {
            let (values, present) = split(column[rows].iter().copied());
            put::<Int64Type>(group, &values, &present)
        }
        Values::Real(column) => {
            let (values, present) = split(column[rows].iter().map(|v| Some(*v).filter(|v| v.is_finite())));
            put::<DoubleType>(group, &values, &present)
        }
        Values::Boolean(column) => {
            let (values, present) = split(column[rows].iter().copied());
            put::<BoolType>(group, &values, &present)
        }
    }
}

/// The values there are, and for each row whether it has one.
fn split<T>(rows: impl Iterator<Item = Option<T>>) -> (Vec<T>, Vec<i16>) {
    let mut values = Vec::new();
    let present = rows.map(|value| i16::from(value.map(|value| values.push(value)).is_some())).collect();
    (values, present)
}

/// The same for bytes, which lie together in memory.
fn slices<'a>(rows: impl Iterator<Item = Option<&'a [u8]>>) -> (Vec<ByteArray>, Vec<i16>) {
    let mut together = Vec::new();
    let (ends, present) = split(rows.map(|row| {
        row.map(|bytes| {
            together.extend_from_slice(bytes);
            together.len()
        })
    }));
    (cut(together, &ends), present)
}

/// Bytes, cut where each value ends.
fn cut(together: Vec<u8>, ends: &[usize]) -> Vec<ByteArray> {
    let together = Bytes::from(together);
    let starts = [0].into_iter().chain(ends.iter().copied());
    starts.zip(ends).map(|(start, end)| ByteArray::from(together.slice(start..*end))).collect()
}

/// Writes geometries; tells their types.
fn write_shapes(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    shapes: &Shapes,
    rows: Range<usize>,
) -> Done<BTreeSet<&'static str>> {
    let mut types = BTreeSet::new();
    let mut together = Vec::new();
    let (ends, present) = split(rows.map(|row| {
        types.insert(write_wkb(&mut together, shapes, row, false)?);
        Some(together.len())
    }));
    put::<ByteArrayType>(group, &cut(together, &ends), &present)?;
    Ok(types)
}

/// Writes the boxes around geometries; tells the one around all.
fn write_boxes(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    shapes: &Shapes,
    rows: Range<usize>,
) -> Done<Option<Bounds>> {
    let (boxes, present) = split(rows.map(|row| around(shapes.coords_of(row))));
    for at in [0, 2, 1, 3] {
        let side: Vec<f64> = boxes.iter().map(|bounds| bounds[at]).collect();
        put::<DoubleType>(group, &side, &present)?;
    }
    Ok(boxes.into_iter().reduce(union))
}

/// Titles of columns by their names in the file, and how the result was made.
fn about(title: &str, columns: &[TableColumn], layer: bool, run_info: &[(String, String)]) -> Json {
    let taken: &[&str] = if layer { &[GEOMETRY, BOX] } else { &[] };
    let names = names_beside(taken, columns);
    let titles: Map<String, Json> =
        names.into_iter().zip(columns).map(|(name, c)| (name, json!(c.alias))).collect();
    json!({"title": title, "columns": titles, "run": run_info})
}

/// Writes a table of a package to a file of its own.
pub(crate) fn write(package: &Package, table: &Table, out: impl Write + Send) -> io::Result<()> {
    let layer = table.shapes.kind() != ShapeKind::None;
    let done = || -> Done<()> {
        let mut groups = Groups::begin(out, &table.columns, layer)?;
        for start in (0..table.len()).step_by(GROUP) {
            let rows = start..table.len().min(start + GROUP);
            groups.write(&table.columns, layer.then_some(&table.shapes), rows)?;
        }
        if layer {
            let geo = groups.geo(&package.crs);
            groups.say("geo", &geo);
        }
        groups.say("suyuan", &about(&table.title, &table.columns, layer, &package.run_info));
        groups.out.close()?;
        Ok(())
    };
    done().map_err(plain)
}

/// The cause alone where the disk is to blame.
fn plain(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => *cause,
            Err(cause) => io::Error::other(cause),
        },
        ParquetError::General(what) => io::Error::other(what),
        other => io::Error::other(other),
    }
}

/// A table without geometry that is written as its rows come, in the memory of one group of them.
///
/// # Example
/// ```
/// use suyuan_export::{ParquetRows, TableColumn, Values};
/// # let folder = std::env::temp_dir().join("suyuan-parquet-rows");
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("rows.parquet");
/// let start = TableColumn { name: "start".into(), alias: "start".into(), values: Values::Text(Default::default()) };
/// let mut rows = ParquetRows::create(&path, "pipes by start", vec![start], true)?;
/// rows.push(vec![Values::Text(["PK001", "PK002"].into_iter().collect())])?;
/// rows.finish(&[])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ParquetRows {
    groups: Groups<BufWriter<File>>,
    /// Rows that wait until they fill a group.
    columns: Vec<TableColumn>,
    title: String,
    path: PathBuf,
    batch: Batch,
}

impl ParquetRows {
    /// Begins a file under a temporary name; the columns hold no rows yet.
    ///
    /// # Errors
    /// [`ExportError`] if there is no writing to that place.
    pub fn create(
        path: &Path,
        title: &str,
        columns: Vec<TableColumn>,
        overwrite: bool,
    ) -> Result<Self, ExportError> {
        check_place(path, overwrite)?;
        let failed = |source| ExportError::Write { path: path.to_owned(), source };
        let mut batch = Batch::default();
        let file = BufWriter::with_capacity(1 << 16, File::create(batch.add(path)).map_err(failed)?);
        let groups = Groups::begin(file, &columns, false).map_err(|e| failed(plain(e)))?;
        Ok(Self { groups, columns, title: title.to_owned(), path: path.to_owned(), batch })
    }

    fn failed(&self, error: ParquetError) -> ExportError {
        ExportError::Write { path: self.path.clone(), source: plain(error) }
    }

    /// Adds rows: values for each column, of its kind.
    ///
    /// # Errors
    /// [`ExportError::Write`].
    ///
    /// # Panics
    /// If there are more or fewer columns, or one of another kind.
    pub fn push(&mut self, rows: Vec<Values>) -> Result<(), ExportError> {
        assert_eq!(rows.len(), self.columns.len(), "values for each column");
        for (column, more) in self.columns.iter_mut().zip(rows) {
            column.values.append(more);
        }
        if self.waiting() >= GROUP {
            self.write_group()?;
        }
        Ok(())
    }

    fn waiting(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    fn write_group(&mut self) -> Result<(), ExportError> {
        let all = self.waiting();
        for start in (0..all).step_by(GROUP) {
            let rows = start..all.min(start + GROUP);
            self.groups.write(&self.columns, None, rows).map_err(|e| self.failed(e))?;
        }
        for column in &mut self.columns {
            column.values.clear();
        }
        Ok(())
    }

    /// Puts the file in its place; `run_info` says how it was made.
    ///
    /// # Errors
    /// [`ExportError::Write`]; no file is left behind then.
    pub fn finish(mut self, run_info: &[(String, String)]) -> Result<(), ExportError> {
        self.write_group()?;
        let about = about(&self.title, &self.columns, false, run_info);
        self.groups.say("suyuan", &about);
        let Self { groups, path, batch, .. } = self;
        let failed = |source| ExportError::Write { path: path.clone(), source };
        let file = groups.out.into_inner().map_err(|e| failed(plain(e)))?;
        let file = file.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)?;
        batch.finish()?;
        Ok(())
    }
}
