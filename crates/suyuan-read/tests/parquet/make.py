"""Makes the Parquet files beside it. Needs geopandas 1.2 and pyarrow; run in this folder."""

import datetime as dt
import decimal
import json

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon

N = 40
X, Y = 518_000.0, 3_341_000.0


def line(n):
    return LineString([(X + n, Y), (X + n + 0.5, Y + 1), (X + n, Y + 2)])


def frame(crs="EPSG:4549", shape=line):
    return gpd.GeoDataFrame(
        {"GXBH": [f"W{n}" for n in range(N)], "管径": [300 + n for n in range(N)]},
        geometry=[shape(n) for n in range(N)],
        crs=crs,
    )


def every_type():
    """A column of each type, every third row null."""

    def some(make, kind):
        return pa.array([None if n % 3 == 0 else make(n) for n in range(N)], type=kind)

    day = dt.date(2024, 2, 28)
    utc = dt.timezone.utc
    moment = dt.datetime(1969, 12, 31, 23, 59, 58, 500_000)
    tiny = decimal.Decimal
    columns = {
        "id": pa.array([f"W{n}" for n in range(N)]),
        "i8": some(lambda n: n - 20, pa.int8()),
        "i16": some(lambda n: n * -800, pa.int16()),
        "i32": some(lambda n: n - 2_000_000_000, pa.int32()),
        "i64": some(lambda n: n - 9_000_000_000_000_000_000, pa.int64()),
        "u8": some(lambda n: 200 + n, pa.uint8()),
        "u16": some(lambda n: 65_000 + n, pa.uint16()),
        "u32": some(lambda n: 4_000_000_000 + n, pa.uint32()),
        "u64": some(lambda n: 18_000_000_000_000_000_000 + n, pa.uint64()),
        "f16": some(lambda n: n / 4, pa.float16()),
        "f32": some(lambda n: n / 8, pa.float32()),
        "f64": some(lambda n: n / 16, pa.float64()),
        "bool": some(lambda n: n % 2 == 0, pa.bool_()),
        "utf8": some(lambda n: f"雨水{n} ", pa.string()),
        "large": some(lambda n: f"large {n}", pa.large_string()),
        "view": some(lambda n: f"view {n}", pa.string_view()),
        "dictionary": some(lambda n: ["砼", "PVC"][n % 2], pa.string()).dictionary_encode(),
        "blank": some(lambda n: "  ", pa.string()),
        "date": some(lambda n: day + dt.timedelta(n), pa.date32()),
        "seconds": some(lambda n: moment + dt.timedelta(seconds=n), pa.timestamp("s")),
        "millis": some(lambda n: moment + dt.timedelta(seconds=n), pa.timestamp("ms")),
        "micros": some(lambda n: moment + dt.timedelta(seconds=n), pa.timestamp("us")),
        "nanos": some(lambda n: moment + dt.timedelta(seconds=n), pa.timestamp("ns", tz="UTC")),
        "zoned": some(lambda n: moment.replace(tzinfo=utc), pa.timestamp("us", tz="Asia/Shanghai")),
        "time": some(lambda n: dt.time(8, 30, n), pa.time32("ms")),
        "d4": some(lambda n: tiny(n) / 100, pa.decimal128(7, 2)),
        "d8": some(lambda n: tiny(n) / 1000, pa.decimal128(16, 3)),
        "id18": some(lambda n: tiny(330108000000000100 + n), pa.decimal128(18, 0)),
        "id20": some(lambda n: tiny(-12345678901234567000 - n), pa.decimal128(20, 0)),
        "gbk": some(lambda n: f"管{n}".encode("gbk"), pa.binary()),
        "d16": some(lambda n: tiny(-n) / 8, pa.decimal128(30, 3)),
        "nested": some(lambda n: {"a": n, "b": f"b{n}"}, pa.struct([("a", pa.int32()), ("b", pa.string())])),
        "list": some(lambda n: [n, None, n + 1], pa.list_(pa.int32())),
        "bytes": some(lambda n: b"\xff\x00", pa.binary()),
        "nothing": pa.nulls(N),
    }
    geometry = pa.array([None if n == 7 else line(n).wkb for n in range(N)])
    geo = {
        "version": "1.1.0",
        "primary_column": "shape",
        "columns": {"shape": {"encoding": "WKB", "geometry_types": ["LineString"], "crs": None}},
    }
    table = pa.table({**columns, "shape": geometry})
    return table.replace_schema_metadata({"geo": json.dumps(geo)})


def write(table, name, geo=None, **options):
    if geo is not None:
        table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(table, name, **options)


def change(name, into, edit):
    """The same file with another `geo`."""
    table = pq.read_table(name)
    geo = json.loads(table.schema.metadata[b"geo"])
    write(table, into, edit(geo) or geo)


def nested_lists():
    """The native encodings as GDAL's and geoarrow's writers lay them out: separate x and y, with z here and there."""
    xy = pa.struct([("x", pa.float64()), ("y", pa.float64())])
    xyz = pa.struct([("x", pa.float64()), ("y", pa.float64()), ("z", pa.float64())])

    def vertices(n, z=False):
        return [dict(x=X + n, y=Y, **({"z": 5.0} if z else {})), dict(x=X + n + 1, y=Y + n, **({"z": 5.5} if z else {}))]

    ring = lambda n: [dict(x=X + a, y=Y + b + n) for a, b in ((0, 0), (4, 0), (4, 4), (0, 4), (0, 0))]
    hole = lambda n: [dict(x=X + a, y=Y + b + n) for a, b in ((1, 1), (1, 2), (2, 2), (1, 1))]
    shapes = {
        "point": (pa.array([None if n == 3 else dict(x=X + n, y=Y - n) for n in range(N)], xy), "Point"),
        "linestring": (
            pa.array([None if n == 3 else [] if n == 4 else vertices(n, True) for n in range(N)], pa.list_(xyz)),
            "LineString Z",
        ),
        "multilinestring": (
            pa.array(
                [None if n == 3 else [vertices(n), vertices(n + 7)][: n % 3] for n in range(N)],
                pa.list_(pa.list_(xy)),
            ),
            "MultiLineString",
        ),
        "multipoint": (pa.array([None if n == 3 else vertices(n) for n in range(N)], pa.list_(xy)), "MultiPoint"),
        "polygon": (
            pa.array([None if n == 3 else [ring(n), hole(n)] for n in range(N)], pa.list_(pa.list_(xy))),
            "Polygon",
        ),
        "multipolygon": (
            pa.array(
                [None if n == 3 else [[ring(n), hole(n)], [ring(n + 9)]] for n in range(N)],
                pa.list_(pa.list_(pa.list_(xy))),
            ),
            "MultiPolygon",
        ),
    }
    for encoding, (column, kind) in shapes.items():
        geo = {
            "version": "1.1.0",
            "primary_column": "geometry",
            "columns": {"geometry": {"encoding": encoding, "geometry_types": [kind], "crs": None}},
        }
        table = pa.table({"GXBH": pa.array([f"W{n}" for n in range(N)]), "geometry": column})
        write(table, f"native-{encoding}.parquet", geo, row_group_size=16)


frame().to_parquet("wkb.parquet", row_group_size=16, write_covering_bbox=True)
frame().to_parquet("geoarrow.parquet", geometry_encoding="geoarrow", schema_version="1.1.0")
frame(None).to_parquet("no-crs.parquet")
frame().iloc[:0].to_parquet("empty.parquet")
frame().to_parquet("checksums.parquet", compression=None, write_page_checksum=True, use_dictionary=False)
frame("EPSG:4490", lambda n: LineString([(120 + n / 1e4, 30), (120 + n / 1e4, 30.001)])).to_parquet("degrees.parquet")
for codec in ("none", "gzip", "zstd", "brotli", "lz4"):
    frame().to_parquet(f"{codec}.parquet", compression=None if codec == "none" else codec)
write(pq.read_table("wkb.parquet"), "v2.parquet", data_page_version="2.0", version="2.6")
write(
    pq.read_table("wkb.parquet"),
    "delta.parquet",
    use_dictionary=False,
    column_encoding={
        "GXBH": "DELTA_BYTE_ARRAY",
        "管径": "DELTA_BINARY_PACKED",
        "geometry": "DELTA_LENGTH_BYTE_ARRAY",
        **{f"bbox.{side}": "BYTE_STREAM_SPLIT" for side in ("xmin", "ymin", "xmax", "ymax")},
    },
    data_page_version="2.0",
)
pq.write_table(every_type(), "types.parquet", row_group_size=16)
nested_lists()


def column(geo):
    return geo["columns"]["geometry"]


change("degrees.parquet", "crs84.parquet", lambda geo: column(geo).pop("crs") and None)
change("wkb.parquet", "by-name.parquet", lambda geo: column(geo)["crs"].pop("id") and None)
change("wkb.parquet", "encoding.parquet", lambda geo: column(geo).update(encoding="TWKB"))
change("wkb.parquet", "primary.parquet", lambda geo: geo.update(primary_column="shape"))
write(pq.read_table("wkb.parquet").replace_schema_metadata({}), "no-geo.parquet")
mixed = frame(shape=lambda n: Point(X, Y) if n == 5 else Polygon([(X, Y), (X + 1, Y), (X, Y + n + 1)]) if n == 6 else line(n))
mixed.to_parquet("mixed.parquet")
several = lambda n: MultiLineString([line(n), line(n + 3)]) if n % 2 else line(n)
frame(shape=several).to_parquet("several.parquet")
ring = [(X, Y), (X + 4, Y), (X + 4, Y + 4), (X, Y + 4)]
areas = lambda n: MultiPolygon([Polygon(ring, [[(X + 1, Y + 1), (X + 2, Y + 1), (X + 1, Y + 2)]]), Polygon([(X + 9, Y), (X + 10, Y), (X + 9, Y + n + 1)])])
frame(shape=areas).to_parquet("areas.parquet")
