//! The oracle is SQLite: its check of the file, and what it writes of the same rows.

use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::{ToSql, Value};

use super::{Fill, Record, fill, fill_around};

const DECLARED: &str = "(id INTEGER PRIMARY KEY, a TEXT, b INTEGER, c REAL, d BLOB)";

/// Text, integer, real, blob, and how far the row's number lies above the last.
type Row = (Option<String>, Option<i64>, Option<f64>, Option<Vec<u8>>, i64);

fn create(path: &Path, tables: &[Vec<Row>]) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA page_size=4096; PRAGMA journal_mode=OFF; BEGIN").unwrap();
    for t in 0..tables.len() {
        connection.execute_batch(&format!("CREATE TABLE t{t}{DECLARED}")).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
    connection
}

fn numbers(rows: &[Row]) -> Vec<i64> {
    let next = |last: &mut i64, row: &Row| {
        *last += row.4;
        Some(*last)
    };
    rows.iter().scan(0, next).collect()
}

/// Fills tables page by page; `lock_byte` lies on a page that stays out of use.
fn write(path: &Path, tables: &[Vec<Row>], lock_byte: Option<u64>) {
    let connection = create(path, tables);
    let root = |t: usize| {
        let sql = format!("SELECT rootpage FROM sqlite_schema WHERE name='t{t}'");
        connection.query_row(&sql, [], |r| r.get(0)).unwrap()
    };
    let fills: Vec<Fill<'_>> = tables
        .iter()
        .enumerate()
        .map(|(t, rows)| {
            let numbers = numbers(rows);
            let row = move |n: usize, record: &mut Record| {
                let (text, integer, real, blob, _) = &rows[n];
                record.null();
                match text {
                    Some(v) => record.text(v),
                    None => record.null(),
                }
                match integer {
                    Some(v) => record.integer(*v),
                    None => record.null(),
                }
                match real {
                    Some(v) => record.real(*v),
                    None => record.null(),
                }
                record.blob(|out| {
                    out.extend(blob.iter().flatten());
                    blob.is_some()
                });
                numbers[n]
            };
            Fill { root: root(t), rows: rows.len(), row: Box::new(row) }
        })
        .collect();
    connection.close().unwrap();
    match lock_byte {
        Some(byte) => fill_around(path, &fills, byte).unwrap(),
        None => fill(path, &fills).unwrap(),
    }
}

fn check_file(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut check = connection.prepare("PRAGMA integrity_check").unwrap();
    check.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Every row of a table, with the type of each value.
fn dump(connection: &Connection, t: usize) -> Vec<Vec<Value>> {
    let sql = format!("SELECT *, typeof(a), typeof(b), typeof(c), typeof(d) FROM t{t} ORDER BY id");
    let mut select = connection.prepare(&sql).unwrap();
    let rows = select.query_map([], |r| (0..9).map(|i| r.get(i)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}

fn agrees_with_sqlite(tables: &[Vec<Row>]) {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (folder.path().join("ours.db"), folder.path().join("theirs.db"));
    write(&ours, tables, None);
    assert_eq!(check_file(&ours), ["ok"]);
    let written = create(&theirs, tables);
    let read = Connection::open(&ours).unwrap();
    written.execute_batch("BEGIN").unwrap();
    for (t, rows) in tables.iter().enumerate() {
        for (number, (a, b, c, d, _)) in numbers(rows).iter().zip(rows) {
            let values: [&dyn ToSql; 5] = [number, a, b, c, d];
            let sql = format!("INSERT INTO t{t} VALUES(?1, ?2, ?3, ?4, ?5)");
            written.prepare_cached(&sql).unwrap().execute(values).unwrap();
        }
        assert_eq!(dump(&read, t), dump(&written, t), "table {t}");
    }
}

fn row() -> impl Strategy<Value = Row> {
    let text = prop_oneof!["[a-z污水]{0,12}", "[ -~]{100,600}", "[管]{1300,4200}"];
    let integer = prop_oneof![
        -200i64..200,
        (0u32..63, -2i64..=2).prop_map(|(bits, off)| (1i64 << bits) + off),
        (0u32..63, -2i64..=2).prop_map(|(bits, off)| (-1i64 << bits) + off),
        any::<i64>(),
    ];
    let real = prop_oneof![
        any::<f64>().prop_filter("SQLite has no NaN", |v| !v.is_nan()),
        (-1000i64..1000).prop_map(|v| v as f64),
        Just(-0.0),
        (40u32..60, -1i64..=1).prop_map(|(bits, off)| ((1i64 << bits) + off) as f64),
    ];
    let blob = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        (3000usize..9000, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]),
    ];
    let step = prop_oneof![9 => Just(1i64), 1 => 1i64..1 << 40];
    let maybe =
        (prop::option::of(text), prop::option::of(integer), prop::option::of(real), prop::option::of(blob));
    (maybe, step).prop_map(|((a, b, c, d), step)| (a, b, c, d, step))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_rows_are_what_sqlite_reads(tables in prop::collection::vec(prop::collection::vec(row(), 0..60), 1..4)) {
        agrees_with_sqlite(&tables);
    }
}

fn plain(rows: usize, text: usize) -> Vec<Row> {
    let row = |n: usize| (Some("x".repeat(text + n % 7)), Some(n as i64 * 37), Some(n as f64 / 4.0), None, 1);
    (0..rows).map(row).collect()
}

#[test]
fn rows_around_the_edges_of_a_page_and_of_overflow() {
    // 4061 bytes is the longest row that stays on its leaf.
    let lengths = (4020..4070).chain(8120..8200);
    let row = |length: usize| (Some("y".repeat(length)), None, None, None, 1);
    agrees_with_sqlite(&[lengths.map(row).collect(), Vec::new(), plain(1, 5000), plain(1, 10)]);
}

#[test]
fn many_rows_make_a_tree_of_several_levels() {
    // Leaves of one row: more than the pages that one branch names.
    agrees_with_sqlite(&[plain(5000, 2100), plain(30_000, 3), plain(2048, 8), plain(2049, 8)]);
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let tables = [plain(9000, 40), plain(0, 0), plain(5000, 2100)];
    let bytes = |threads: usize| {
        let path = folder.path().join(format!("{threads}.db"));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| write(&path, &tables, None));
        std::fs::read(path).unwrap()
    };
    let one = bytes(1);
    assert!(one == bytes(2) && one == bytes(5));
}

#[test]
fn the_page_that_sqlite_locks_by_stays_out_of_use() {
    let folder = tempfile::tempdir().unwrap();
    let tables = [plain(3000, 40), plain(40, 9000)];
    for page in [3u64, 4, 17, 40, 60, 110] {
        let path = folder.path().join(format!("{page}.db"));
        write(&path, &tables, Some((page - 1) * 4096));
        let pages = std::fs::metadata(&path).unwrap().len() / 4096;
        // One page, and nothing else; releases of SQLite say it in different words.
        let said = [format!("Page {page}: never used"), format!("Page {page} is never used")];
        if page == 3 {
            assert_eq!(check_file(&path), ["ok"], "SQLite's own pages come first");
        } else {
            assert!(page < pages);
            let found = check_file(&path);
            let told = said.iter().any(|unused| found == [format!("*** in database main ***\n{unused}")]);
            assert!(told, "{found:?}");
        }
        let read = Connection::open(&path).unwrap();
        assert_eq!((dump(&read, 0).len(), dump(&read, 1).len()), (3000, 40));
    }
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.db");
    std::fs::write(&path, [b' '; 200]).unwrap();
    assert!(fill(&path, &[]).is_err());
}
