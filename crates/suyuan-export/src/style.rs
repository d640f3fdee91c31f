//! How each layer looks in QGIS: hand-written QML, about the least that QGIS 3.22 accepts.
//!
//! Three rules found by experiment: the sub-symbol of a marker line is named `@<symbol>@<its layer>`; values outside
//! every class are not drawn at all, so end classes are open and lists have a catch-all; a field that a style names
//! must exist.

use std::fmt::Write as _;

use suyuan_core::Language;
use suyuan_core::raw::ShapeKind;

use crate::gpkg::unique_names;
use crate::table::{Look, Table, Values};

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn layer(class: &str, properties: &[(&str, &str)], sub: &str) -> String {
    let mut options = String::new();
    for (name, value) in properties {
        let _ = write!(options, r#"<Option type="QString" name="{name}" value="{}"/>"#, escape(value));
    }
    format!(
        r#"<layer class="{class}" enabled="1" locked="0" pass="0"><Option type="Map">{options}</Option>{sub}</layer>"#
    )
}

fn symbol(name: &str, kind: &str, layers: &str) -> String {
    format!(
        r#"<symbol name="{name}" type="{kind}" alpha="1" clip_to_extent="1" force_rhr="0">{layers}</symbol>"#
    )
}

fn line_layer(colour: &str, width: f64, style: &str) -> String {
    let width = format!("{width:.2}");
    layer(
        "SimpleLine",
        &[
            ("line_color", colour),
            ("line_width", &width),
            ("line_width_unit", "MM"),
            ("capstyle", "round"),
            ("joinstyle", "round"),
            ("line_style", style),
        ],
        "",
    )
}

/// White casing, coloured line, one arrow head at the middle along the drawn direction, which is the flow.
fn flow_line(name: &str, colour: &str, width: f64) -> String {
    let size = format!("{:.2}", 2.4 + width);
    let head = layer(
        "SimpleMarker",
        &[
            ("name", "filled_arrowhead"),
            ("color", colour),
            ("outline_color", "255,255,255,255"),
            ("outline_width", "0.2"),
            ("size", &size),
            ("size_unit", "MM"),
            ("angle", "0"),
        ],
        "",
    );
    let arrow = layer(
        "MarkerLine",
        &[("placement", "centralpoint"), ("rotate", "1")],
        &symbol(&format!("@{name}@2"), "marker", &head),
    );
    let layers =
        [line_layer("255,255,255,220", width + 0.7, "solid"), line_layer(colour, width, "solid"), arrow];
    symbol(name, "line", &layers.concat())
}

fn dot(name: &str, shape: &str, colour: &str, size: f64) -> String {
    let size = format!("{size:.1}");
    let marker = layer(
        "SimpleMarker",
        &[
            ("name", shape),
            ("color", colour),
            ("outline_color", "255,255,255,255"),
            ("outline_width", "0.4"),
            ("outline_width_unit", "MM"),
            ("size", &size),
            ("size_unit", "MM"),
        ],
        "",
    );
    symbol(name, "marker", &marker)
}

fn area(name: &str, fill: &str, edge: &str, width: &str, dash: &str) -> String {
    let fill = layer(
        "SimpleFill",
        &[
            ("color", fill),
            ("style", "solid"),
            ("outline_color", edge),
            ("outline_style", dash),
            ("outline_width", width),
            ("outline_width_unit", "MM"),
        ],
        "",
    );
    symbol(name, "fill", &fill)
}

fn single(symbol: &str) -> String {
    format!(
        r#"<renderer-v2 type="singleSymbol" symbollevels="0" enableorderby="0"><symbols>{symbol}</symbols></renderer-v2>"#
    )
}

/// Classes of values: lower, upper, label, symbol.
fn graduated(field: &str, classes: &[(f64, f64, String, String)]) -> String {
    let (mut ranges, mut symbols) = (String::new(), String::new());
    for (i, (low, high, label, symbol)) in classes.iter().enumerate() {
        let _ = write!(
            ranges,
            r#"<range symbol="{i}" lower="{low}" upper="{high}" label="{}" render="true"/>"#,
            escape(label)
        );
        symbols.push_str(symbol);
    }
    format!(
        r#"<renderer-v2 type="graduatedSymbol" attr="{field}" graduatedMethod="GraduatedColor" symbollevels="0" enableorderby="0"><ranges>{ranges}</ranges><symbols>{symbols}</symbols></renderer-v2>"#
    )
}

/// Classes of words: value, label, symbol; the last, blank one catches all others.
fn categorized(field: &str, classes: &[(String, String, String)]) -> String {
    let (mut categories, mut symbols) = (String::new(), String::new());
    for (i, (value, label, symbol)) in classes.iter().enumerate() {
        let _ = write!(
            categories,
            r#"<category symbol="{i}" value="{}" label="{}" render="true"/>"#,
            escape(value),
            escape(label)
        );
        symbols.push_str(symbol);
    }
    format!(
        r#"<renderer-v2 type="categorizedSymbol" attr="{field}" symbollevels="0" enableorderby="0"><categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>"#
    )
}

struct Label<'a> {
    expression: &'a str,
    size: u8,
    colour: &'a str,
    bold: bool,
    /// 6: around a point by preference; 1: over it; 2: along a line.
    placement: u8,
    priority: u8,
    /// The smallest scale at which it is drawn, as a denominator.
    from_scale: Option<u32>,
}

impl Label<'_> {
    fn xml(&self) -> String {
        let visibility = self
            .from_scale
            .map(|d| format!(r#" scaleVisibility="1" scaleMin="{d}" scaleMax="1""#))
            .unwrap_or_default();
        format!(
            concat!(
                r#"<labeling type="simple"><settings calloutType="simple"><text-style fieldName="{}" isExpression="1" "#,
                r#"fontFamily="Microsoft YaHei" fontSize="{}" fontSizeUnit="Point" fontWeight="{}" textColor="{}" "#,
                r#"textOpacity="1" namedStyle="Regular" multilineHeight="1"><families><family name="Microsoft YaHei"/>"#,
                r#"<family name="PingFang SC"/><family name="Noto Sans CJK SC"/></families>"#,
                r#"<text-buffer bufferDraw="1" bufferSize="0.9" bufferSizeUnits="MM" bufferColor="255,255,255,255" "#,
                r#"bufferOpacity="0.9"/></text-style><text-format multilineAlign="3" wrapChar="\n"/>"#,
                r#"<placement placement="{}" dist="2" distUnits="MM" priority="{}" quadOffset="5" placementFlags="10" "#,
                r#"predefinedPositionOrder="TR,TL,BR,BL,R,L,TSR,BSR" offsetType="1"/>"#,
                r#"<rendering drawLabels="1" obstacle="1" displayAll="0"{}/></settings></labeling>"#
            ),
            escape(self.expression),
            self.size,
            if self.bold { 75 } else { 50 },
            self.colour,
            self.placement,
            self.priority,
            visibility,
        )
    }
}

/// Up to five round classes from 0 to the largest value of a column.
fn round_breaks(values: &Values) -> Vec<f64> {
    let Values::Real(values) = values else { return Vec::new() };
    let most = values.iter().copied().filter(|v| v.is_finite()).fold(0.0f64, f64::max);
    let rough = most / 5.0;
    if rough <= 0.0 {
        return Vec::new();
    }
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(rough);
    (1..5).map(|i| f64::from(i) * step).filter(|b| *b < most).collect()
}

const FAR_COLOURS: [(&str, f64); 5] = [
    ("103,0,13,255", 1.9),
    ("203,24,29,255", 1.6),
    ("239,101,72,255", 1.3),
    ("252,141,89,255", 1.1),
    ("253,187,132,255", 0.9),
];

fn traced(table: &Table) -> String {
    let Some(column) = table.column("distance_m") else {
        return single(&flow_line("0", FAR_COLOURS[1].0, 1.3));
    };
    let breaks = round_breaks(&column.values);
    let mut classes = Vec::new();
    let mut low = 0.0;
    for (i, high) in breaks.iter().copied().chain([1e12]).enumerate() {
        let (colour, width) = FAR_COLOURS[i.min(4)];
        let label = if high >= 1e12 { format!("> {low} m") } else { format!("{low}–{high} m") };
        let from = if i == 0 { -1.0 } else { low };
        classes.push((from, high, label, flow_line(&i.to_string(), colour, width)));
        low = high;
    }
    graduated("distance_m", &classes)
}

/// Colours and widths (mm) of the classes of an amount, nothing first.
const AMOUNT_COLOURS: [(&str, f64); 6] = [
    ("200,200,200,255", 0.3),
    ("158,202,225,255", 0.6),
    ("107,174,214,255", 1.0),
    ("49,130,189,255", 1.5),
    ("8,81,156,255", 2.1),
    ("8,48,107,255", 2.8),
];

fn amounts(table: &Table) -> String {
    let line = |i: usize| {
        let (colour, width) = AMOUNT_COLOURS[i];
        symbol(&i.to_string(), "line", &line_layer(colour, width, "solid"))
    };
    let Some(column) = table.column("amount") else { return single(&line(1)) };
    let breaks = round_breaks(&column.values);
    let mut classes = vec![(-1e12, 0.0, "0".to_owned(), line(0))];
    let mut low = 0.0;
    for (i, high) in breaks.iter().copied().chain([1e15]).enumerate() {
        let label = if high >= 1e15 { format!("> {low}") } else { format!("{low}–{high}") };
        classes.push((low, high, label, line(1 + i.min(4))));
        low = high;
    }
    graduated("amount", &classes)
}

/// Colours and widths of probability, the least first.
const PROBABILITY_COLOURS: [(&str, f64); 5] = [
    ("190,190,190,255", 0.5),
    ("254,217,118,255", 0.9),
    ("253,141,60,255", 1.4),
    ("227,26,28,255", 2.0),
    ("128,0,38,255", 2.8),
];

/// Shares of the greatest value that the classes of probability begin at, but for the first.
const PROBABILITY_SHARES: [f64; 4] = [0.01, 0.1, 0.3, 0.7];

fn probability(table: &Table) -> String {
    let line = |i: usize| {
        let (colour, width) = PROBABILITY_COLOURS[i];
        symbol(&i.to_string(), "line", &line_layer(colour, width, "solid"))
    };
    let Some(Values::Real(values)) = table.column("probability").map(|c| &c.values) else {
        return single(&line(2));
    };
    let most = values.iter().copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
    let mut classes = Vec::new();
    let mut low = -1e12;
    for (i, share) in PROBABILITY_SHARES.into_iter().chain([1e15]).enumerate() {
        let high = if share >= 1.0 { share } else { share * most };
        // Two digits, however small.
        let percent = |v: f64| {
            let digits = if v > 0.0 { (-1.0 - v.log10().floor()).clamp(0.0, 9.0) } else { 0.0 };
            format!("{:.*} %", digits as usize, 100.0 * v)
        };
        let label = match (i, share >= 1.0) {
            (0, _) => format!("< {}", percent(high)),
            (_, true) => format!("> {}", percent(low)),
            _ => format!("{} – {}", percent(low), percent(high)),
        };
        classes.push((low, high, label, line(i)));
        low = high;
    }
    graduated("probability", &classes)
}

fn ranked(language: Language, symbol: impl Fn(&str, &str, f64) -> String) -> String {
    let classes = [
        (0.0, 1.0, language.pick("No. 1", "第 1 名").to_owned(), symbol("0", "153,0,0,255", 6.0)),
        (2.0, 3.0, language.pick("No. 2–3", "第 2–3 名").to_owned(), symbol("1", "227,74,51,255", 5.0)),
        (4.0, 10.0, language.pick("No. 4–10", "第 4–10 名").to_owned(), symbol("2", "253,141,60,255", 4.0)),
        (11.0, 1e12, language.pick("others", "其余").to_owned(), symbol("3", "253,204,138,255", 3.0)),
    ];
    graduated("rank", &classes)
}

fn by_words(
    field: &str,
    words: &[(&str, &str, &str)],
    other: &str,
    symbol: impl Fn(&str, &str) -> String,
) -> String {
    let mut classes: Vec<(String, String, String)> = words
        .iter()
        .enumerate()
        .map(|(i, (value, label, colour))| {
            ((*value).to_owned(), (*label).to_owned(), symbol(&i.to_string(), colour))
        })
        .collect();
    classes.push((String::new(), other.to_owned(), symbol(&words.len().to_string(), "130,130,130,255")));
    categorized(field, &classes)
}

/// The renderer and labels of a layer.
fn look(table: &Table, language: Language) -> (String, String) {
    let has = |name: &str| table.column(name).is_some();
    let pick = |en: &'static str, zh: &'static str| language.pick(en, zh);
    let other = pick("other", "其他");
    let label = |needs: &[&str], label: Label<'_>| {
        if needs.iter().all(|n| has(n)) { label.xml() } else { String::new() }
    };
    let around = |expression, size, colour| Label {
        expression,
        size,
        colour,
        bold: false,
        placement: 6,
        priority: 5,
        from_scale: None,
    };
    match table.look {
        Look::Start => {
            let halo = layer(
                "SimpleMarker",
                &[
                    ("name", "circle"),
                    ("color", "255,0,0,60"),
                    ("outline_color", "220,0,0,255"),
                    ("outline_width", "0.5"),
                    ("size", "9"),
                    ("size_unit", "MM"),
                ],
                "",
            );
            let star = layer(
                "SimpleMarker",
                &[
                    ("name", "star"),
                    ("color", "220,0,0,255"),
                    ("outline_color", "255,255,255,255"),
                    ("outline_width", "0.3"),
                    ("size", "6"),
                    ("size_unit", "MM"),
                ],
                "",
            );
            let text = Label {
                bold: true,
                priority: 10,
                ..around("trim(coalesce(\"id\",'') || ' ' || coalesce(\"name\",''))", 11, "180,0,0,255")
            };
            (single(&symbol("0", "marker", &[halo, star].concat())), label(&["id", "name"], text))
        }
        Look::Candidates | Look::CandidateAreas => {
            let expression = "'#' || \"rank\" || ' ' || coalesce(\"name\",\"drainer\") || ' ' || round(\"probability\"*100, case when \"probability\" < 0.095 then 1 else 0 end) || '%'";
            let text = Label { priority: 9, ..around(expression, 9, "60,0,0,255") };
            let renderer = if !has("rank") {
                single(&dot("0", "circle", "227,74,51,255", 4.0))
            } else if table.shapes.kind() == ShapeKind::Polygon {
                ranked(language, |name, colour, _| {
                    area(name, &colour.replace(",255", ",150"), "120,0,0,255", "0.3", "solid")
                })
            } else {
                ranked(language, |name, colour, size| dot(name, "circle", colour, size))
            };
            let limited = Label {
                expression: "case when \"rank\" <= 10 then '#' || \"rank\" || ' ' || coalesce(\"name\",\"drainer\") || ' ' || round(\"probability\"*100, case when \"probability\" < 0.095 then 1 else 0 end) || '%' end",
                placement: if table.shapes.kind() == ShapeKind::Polygon { 1 } else { 6 },
                ..text
            };
            (renderer, label(&["rank", "name", "drainer", "probability"], limited))
        }
        Look::Stops => {
            let words = [
                ("headwater", pick("headwater", "起始井"), "120,160,200,255"),
                ("gap", pick("gap in the survey", "断头"), "215,25,28,255"),
                ("opposing", pick("opposing direction", "流向相背"), "230,97,1,255"),
                ("barrier", pick("barrier", "阻断"), "94,60,153,255"),
                ("loop", pick("loop", "环路"), "150,150,150,255"),
                ("end_of_data", pick("end of data", "数据边界"), "150,150,150,255"),
                ("limit", pick("limit", "距离限制"), "200,180,80,255"),
                ("time_limit", pick("time limit", "时间限制"), "200,180,80,255"),
                ("pipe_limit", pick("limit of pipes", "管段数限制"), "200,180,80,255"),
                ("cleared", pick("ruled out above", "上游已排除"), "90,170,110,255"),
            ];
            let renderer = if has("reason") {
                by_words("reason", &words, other, |name, colour| dot(name, "diamond", colour, 2.4))
            } else {
                single(&dot("0", "diamond", "120,160,200,255", 2.4))
            };
            let text = Label { from_scale: Some(4000), ..around("\"reason_text\"", 7, "90,90,90,255") };
            (renderer, label(&["reason_text"], text))
        }
        Look::Findings => {
            let words = [
                ("error", pick("error", "错误"), "215,25,28,255"),
                ("warning", pick("warning", "警告"), "253,174,97,255"),
                ("notice", pick("notice", "提示"), "150,150,150,255"),
            ];
            let renderer = if has("severity") {
                // Notices are many, and stay behind what matters.
                let size = |name: &str| if name == "2" { 1.6 } else { 3.2 };
                by_words("severity", &words, other, |name, colour| {
                    dot(name, "cross_fill", colour, size(name))
                })
            } else {
                single(&dot("0", "cross_fill", "253,174,97,255", 3.2))
            };
            let text = Label { from_scale: Some(2500), ..around("\"code\"", 7, "120,20,20,255") };
            (renderer, label(&["code"], text))
        }
        Look::Repairs => {
            let words = [
                ("gap", pick("gap", "断头"), "255,237,0,255"),
                ("reversal", pick("reversal", "流向相反"), "255,160,0,255"),
            ];
            let renderer = if has("kind") {
                by_words("kind", &words, other, |name, colour| dot(name, "pentagon", colour, 4.4))
            } else {
                single(&dot("0", "pentagon", "255,237,0,255", 4.4))
            };
            (renderer, label(&["rank"], around("\"rank\"", 9, "120,20,20,255")))
        }
        Look::TracedPipes => (traced(table), String::new()),
        Look::Amounts => (amounts(table), String::new()),
        Look::Probability => (probability(table), String::new()),
        Look::Tests => {
            let words = [
                ("present", pick("present", "检出"), "203,24,29,255"),
                ("absent", pick("absent", "未检出"), "35,139,69,255"),
            ];
            let text = Label { from_scale: Some(15_000), ..around("\"id\"", 8, "60,60,60,255") };
            let renderer =
                by_words("outcome", &words, other, |name, colour| dot(name, "diamond", colour, 3.6));
            (renderer, label(&["id"], text))
        }
        Look::Plugs => {
            let text = Label {
                bold: true,
                priority: 10,
                ..around("coalesce(\"number\" || ' ','') || \"node\"", 10, "60,20,90,255")
            };
            (single(&dot("0", "octagon", "118,42,131,255", 5.0)), label(&["number", "node"], text))
        }
        Look::Nodes => {
            let text = Label { from_scale: Some(2500), ..around("\"node\"", 7, "60,60,60,255") };
            (single(&dot("0", "circle", "90,90,90,255", 1.3)), label(&["node"], text))
        }
        Look::Outfalls => {
            let text = Label { from_scale: Some(15_000), ..around("\"id\"", 8, "8,81,156,255") };
            (single(&dot("0", "triangle", "8,81,156,255", 3.2)), label(&["id"], text))
        }
        Look::Network => {
            let words = [
                ("storm", pick("storm", "雨水"), "107,174,214,255"),
                ("foul", pick("foul", "污水"), "166,118,29,255"),
                ("combined", pick("combined", "合流"), "152,78,163,255"),
                ("open_channel", pick("open channel", "明渠"), "65,182,196,255"),
                ("river", pick("river", "河道"), "34,94,168,255"),
            ];
            let thin = |name: &str, colour: &str| symbol(name, "line", &line_layer(colour, 0.26, "solid"));
            let renderer = if has("system") {
                by_words("system", &words, other, thin)
            } else {
                single(&thin("0", "150,150,150,255"))
            };
            (renderer, String::new())
        }
        Look::Drainers => match table.shapes.kind() {
            ShapeKind::Polygon => {
                (single(&area("0", "200,200,200,60", "160,160,160,200", "0.15", "solid")), String::new())
            }
            _ => (single(&dot("0", "circle", "170,170,170,255", 1.6)), String::new()),
        },
        Look::Venues => {
            let text = Label { bold: true, priority: 8, ..around("\"name\"", 10, "84,39,136,255") };
            let renderer = match table.shapes.kind() {
                ShapeKind::Polygon => single(&area("0", "153,112,193,90", "84,39,136,255", "0.5", "solid")),
                _ => single(&dot("0", "pentagon", "84,39,136,255", 5.0)),
            };
            (renderer, label(&["name"], text))
        }
        Look::VenueDiscs => {
            (single(&area("0", "153,112,193,18", "84,39,136,255", "0.5", "dash")), String::new())
        }
        Look::Waters => {
            let text = Label { placement: 1, priority: 3, ..around("\"name\"", 8, "31,120,180,255") };
            let renderer = match table.shapes.kind() {
                ShapeKind::Line => single(&symbol("0", "line", &line_layer("158,202,225,255", 1.6, "solid"))),
                ShapeKind::Point => single(&dot("0", "circle", "158,202,225,255", 2.0)),
                _ => single(&area("0", "198,219,239,255", "107,174,214,255", "0.3", "solid")),
            };
            let text =
                Label { placement: if table.shapes.kind() == ShapeKind::Line { 2 } else { 1 }, ..text };
            (renderer, label(&["name"], text))
        }
        Look::Plain => (r#"<renderer-v2 type="nullSymbol"/>"#.to_owned(), String::new()),
    }
}

/// What stands inside the root of a style, and whether it labels.
pub(crate) fn style_body(table: &Table, language: Language) -> (String, bool) {
    let (renderer, labels) = look(table, language);
    let mut aliases = String::new();
    for (i, (column, name)) in table.columns.iter().zip(unique_names(&table.columns)).enumerate() {
        let _ = write!(
            aliases,
            r#"<alias field="{}" name="{}" index="{}"/>"#,
            escape(&name),
            escape(&column.alias),
            i + 1
        );
    }
    let geometry = match table.shapes.kind() {
        ShapeKind::Point => 0,
        ShapeKind::Line => 1,
        ShapeKind::Polygon => 2,
        ShapeKind::None => 4,
    };
    let labelled = !labels.is_empty();
    (
        format!(
            "{renderer}{labels}<aliases>{aliases}</aliases><layerGeometryType>{geometry}</layerGeometryType>"
        ),
        labelled,
    )
}

/// The style of a layer as QGIS stores it.
pub(crate) fn qml(table: &Table, language: Language) -> String {
    let (body, labelled) = style_body(table, language);
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis version=\"3.22.0\" \
         styleCategories=\"Symbology|Labeling|Fields|Forms|MapTips\" labelsEnabled=\"{}\">{body}</qgis>",
        u8::from(labelled)
    )
}
