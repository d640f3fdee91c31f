//! Geodetic datums by name.

/// A datum: what degrees are measured from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GeodeticDatum {
    /// EPSG code of its geographic system.
    pub(crate) epsg: Option<u32>,
    /// Name of the geographic system, OGC flavour.
    pub(crate) name: String,
    /// Name of the datum, OGC flavour.
    pub(crate) datum: String,
    /// Names of both in Esri's flavour.
    pub(crate) esri: [String; 2],
    /// Name of the ellipsoid, semi-major axis in metres, inverse flattening.
    pub(crate) ellipsoid: (String, f64, f64),
    /// Parameters to WGS 84; `None` where none are known.
    pub(crate) to_wgs84: Option<String>,
}

type Row =
    (u32, &'static str, &'static str, [&'static str; 2], (&'static str, f64, f64), Option<&'static str>);

/// EPSG, name, datum, Esri names, ellipsoid, shift to WGS 84 (empty: none needed at survey accuracy).
const TABLE: [Row; 10] = [
    (
        4490,
        "China Geodetic Coordinate System 2000",
        "China_2000",
        ["GCS_China_Geodetic_Coordinate_System_2000", "D_China_2000"],
        ("CGCS2000", 6_378_137.0, 298.257_222_101),
        Some(""),
    ),
    (
        4326,
        "WGS 84",
        "WGS_1984",
        ["GCS_WGS_1984", "D_WGS_1984"],
        ("WGS 84", 6_378_137.0, 298.257_223_563),
        Some(""),
    ),
    (
        4269,
        "NAD83",
        "North_American_Datum_1983",
        ["GCS_North_American_1983", "D_North_American_1983"],
        ("GRS 1980", 6_378_137.0, 298.257_222_101),
        Some(""),
    ),
    (
        4258,
        "ETRS89",
        "European_Terrestrial_Reference_System_1989",
        ["GCS_ETRS_1989", "D_ETRS_1989"],
        ("GRS 1980", 6_378_137.0, 298.257_222_101),
        Some(""),
    ),
    (
        4610,
        "Xian 1980",
        "Xian_1980",
        ["GCS_Xian_1980", "D_Xian_1980"],
        ("IAG 1975", 6_378_140.0, 298.257),
        None,
    ),
    (
        4214,
        "Beijing 1954",
        "Beijing_1954",
        ["GCS_Beijing_1954", "D_Beijing_1954"],
        ("Krassowsky 1940", 6_378_245.0, 298.3),
        None,
    ),
    (
        4611,
        "Hong Kong 1980",
        "Hong_Kong_1980",
        ["GCS_Hong_Kong_1980", "D_Hong_Kong_1980"],
        ("International 1924", 6_378_388.0, 297.0),
        Some("-162.619,-276.959,-161.764,0.067753,-2.243649,-1.158827,-1.094246"),
    ),
    (
        4150,
        "CH1903+",
        "CH1903+",
        ["GCS_CH1903+", "D_CH1903+"],
        ("Bessel 1841", 6_377_397.155, 299.152_812_8),
        Some("674.374,15.056,405.346"),
    ),
    (
        4149,
        "CH1903",
        "CH1903",
        ["GCS_CH1903", "D_CH1903"],
        ("Bessel 1841", 6_377_397.155, 299.152_812_8),
        Some("674.374,15.056,405.346"),
    ),
    (
        3824,
        "TWD97",
        "Taiwan_Datum_1997",
        ["GCS_TWD_1997", "D_TWD_1997"],
        ("GRS 1980", 6_378_137.0, 298.257_222_101),
        Some(""),
    ),
];

/// Datums on the ellipsoid of GRS 1980 or WGS 84 that lie more than 3 m from WGS 84 all the same: a word for each, and the
/// names it goes by (of the datum and of its degrees, in EPSG's words and in Esri's), in small letters and figures alone.
/// Behind each, by how many metres a place in the middle of its area moves.
///
/// # Reference
/// PROJ 9.5.1's database (EPSG v11.022, ESRI, IGNF): all geographic systems with a semi-major axis of 6 378 137 m, each
/// brought to WGS 84 by the operation that PROJ ranks first without guessing. Esri's Georgia Geodetic Datum, which PROJ
/// reaches only by way of Pulkovo 1942 and its metres, is left out.
const OFF: [(&str, &[&str]); 10] = [
    ("ggrs87", &["ggrs87", "greekgeodeticreferencesystem1987", "gcsggrs1987", "dggrs1987"]), // 324
    ("vn2000", &["vn2000", "vietnam2000", "gcsvn2000", "dvietnam2000"]),                     // 225
    ("israel1993", &["israel1993", "gcsisrael", "disrael", "gcsisrael1993", "disrael1993"]), // 78
    // Its successor of 2012 moves by 78 m; of itself PROJ knows no shift.
    ("ig05", &["ig05intermediatecrs", "ig05intermediatedatum"]),
    (
        "ig0512",
        &[
            "ig0512intermediatecrs",
            "ig0512intermediatedatum",
            "ig052012intermediatecrs",
            "ig052012intermediatedatum",
        ],
    ), // 78
    ("xrail84", &["gcsxrail84", "dxrail84", "xrail84"]), // 40
    ("kudams", &["kudams", "kuwaitutility", "gcskudams", "dkuwaitutility"]), // 23
    ("ngn", &["ngn", "nationalgeodeticnetwork", "gcsngn", "dngn", "dnationalgeodeticnetwork"]), // 6
    ("mop92", &["mop92anaatuamotu", "anaamop92geographiquesdms"]), // 4
    (
        "cgrs93",
        &["cgrs93", "cyprusgeodeticreferencesystem1993", "gcscgrs1993", "dcyprusgeodeticreferencesystem1993"],
    ), // 4
];

/// The word for a datum on a modern ellipsoid that lies off WGS 84 all the same, by the names of its degrees and itself.
///
/// British railways' intermediate reference frames, of which there are dozens, each carry the distortion of a grid fitted to
/// one line, and only a file tells which: none of them counts as modern.
pub(crate) fn off(geographic: &str, datum: &str) -> Option<String> {
    let names = [plain(geographic), plain(datum)];
    if let Some((word, _)) = OFF.iter().find(|(_, known)| names.iter().any(|n| known.contains(&n.as_str()))) {
        return Some((*word).to_owned());
    }
    names.into_iter().rev().find(|n| n.ends_with("intermediatereferenceframe") || n.ends_with("irf"))
}

fn plain(text: &str) -> String {
    // The plus tells CH1903+ from CH1903.
    let counts = |c: &char| c.is_ascii_alphanumeric() || *c == '+';
    text.chars().filter(counts).collect::<String>().to_ascii_lowercase()
}

impl GeodeticDatum {
    fn from_row(row: &Row) -> Self {
        Self {
            epsg: Some(row.0),
            name: row.1.to_owned(),
            datum: row.2.to_owned(),
            esri: row.3.map(str::to_owned),
            ellipsoid: (row.4.0.to_owned(), row.4.1, row.4.2),
            to_wgs84: row.5.map(str::to_owned),
        }
    }

    pub(crate) fn from_epsg(code: u32) -> Option<Self> {
        TABLE.iter().find(|r| r.0 == code).map(Self::from_row)
    }

    /// The datum that WKT names, its own ellipsoid deciding where the name is unknown.
    pub(crate) fn from_names(geographic: &str, datum: &str, ellipsoid: (String, f64, f64)) -> Self {
        let names = [plain(geographic), plain(datum)];
        let matches = |row: &&Row| {
            let known = [plain(row.1), plain(row.2), plain(row.3[0]), plain(row.3[1])];
            names.iter().any(|n| !n.is_empty() && known.contains(n))
        };
        let alias = |row: &&Row| match row.0 {
            4490 => {
                let by_ellipsoid = plain(&ellipsoid.0).contains("cgcs2000");
                by_ellipsoid || names.iter().any(|n| n.contains("china2000") || n.contains("cgcs2000"))
            }
            4326 => names.iter().any(|n| n.contains("worldgeodeticsystem1984")),
            4258 => names.iter().any(|n| n.contains("etrs89") || n.contains("europeanterrestrial")),
            _ => false,
        };
        if let Some(row) = TABLE.iter().find(matches).or_else(|| TABLE.iter().find(alias)) {
            return Self::from_row(row);
        }
        // A datum not named above on a modern geocentric ellipsoid is a modern one.
        let modern = off(geographic, datum).is_none()
            && (ellipsoid.1 - 6_378_137.0).abs() < 0.5
            && (ellipsoid.2 - 298.257_22).abs() < 1e-4;
        Self {
            epsg: None,
            name: geographic.to_owned(),
            datum: datum.to_owned(),
            esri: [geographic.to_owned(), datum.to_owned()],
            ellipsoid,
            to_wgs84: modern.then(String::new),
        }
    }
}
