//! A drawing in SVG: lines, shapes and labels, written by hand and readable by every browser and by QGIS.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::error::ExportError;
use crate::write::{check_place, put};

/// Fonts with Chinese characters on the common systems, the plain one last.
const FONTS: &str = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','WenQuanYi Micro Hei',\
'Noto Sans','DejaVu Sans',Arial,sans-serif";

/// A drawing, in pixels from the top left corner.
#[doc(alias = "图形")]
#[derive(Debug, Clone)]
pub struct Svg {
    size: [f64; 2],
    body: String,
}

/// How a label is set.
#[doc(alias = "文字样式")]
#[derive(Debug, Clone, Copy)]
pub struct Lettering {
    /// Height of the letters, pixels.
    pub size: f64,
    /// Colour, such as `#333`.
    pub colour: &'static str,
    /// Which part of the label stands at its place: `start`, `middle` or `end`.
    pub anchor: &'static str,
    /// Whether it runs upwards.
    pub upwards: bool,
    /// Whether it is bold.
    pub bold: bool,
}

impl Lettering {
    /// Plain letters of a size.
    #[must_use]
    pub fn plain(size: f64, anchor: &'static str) -> Self {
        Self { size, colour: "#333333", anchor, upwards: false, bold: false }
    }

    /// About how wide a text is set so, pixels: a Chinese character is as wide as high, a Latin one about 0.56 of that.
    #[must_use]
    pub fn width(&self, text: &str) -> f64 {
        text.chars().map(|c| if c >= '\u{2e80}' { 1.0 } else { 0.56 }).sum::<f64>() * self.size
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Control characters are no XML.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

impl Svg {
    /// An empty drawing of a width and a height, on white.
    #[must_use]
    pub fn new(size: [f64; 2]) -> Self {
        Self { size, body: String::new() }
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.body, "{element}");
    }

    /// A line through points; `dash` such as `4 3`, or blank.
    pub fn line(&mut self, points: &[[f64; 2]], colour: &str, width: f64, dash: &str) {
        let mut path = String::new();
        for [x, y] in points {
            let _ = write!(path, "{}{x:.2},{y:.2}", if path.is_empty() { "" } else { " " });
        }
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        self.add(format_args!(
            "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dash}/>"
        ));
    }

    /// A filled shape.
    pub fn area(&mut self, points: &[[f64; 2]], colour: &str) {
        let mut path = String::new();
        for [x, y] in points {
            let _ = write!(path, "{}{x:.2},{y:.2}", if path.is_empty() { "" } else { " " });
        }
        self.add(format_args!("<polygon points=\"{path}\" fill=\"{colour}\"/>"));
    }

    /// A dot.
    pub fn dot(&mut self, [x, y]: [f64; 2], radius: f64, colour: &str) {
        self.add(format_args!("<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius}\" fill=\"{colour}\"/>"));
    }

    /// A label.
    pub fn label(&mut self, [x, y]: [f64; 2], text: &str, letters: Lettering) {
        let Lettering { size, colour, anchor, upwards, bold } = letters;
        let turn = if upwards { format!(" transform=\"rotate(-90 {x:.2} {y:.2})\"") } else { String::new() };
        let weight = if bold { " font-weight=\"600\"" } else { "" };
        self.add(format_args!(
            "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" fill=\"{colour}\" text-anchor=\"{anchor}\"{weight}{turn}>{}</text>",
            escaped(text)
        ));
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self, title: &str) -> String {
        let [width, height] = self.size;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" \
             height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"{FONTS}\">\n<title>{}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escaped(title),
            self.body
        )
    }
}

/// Refuses a name of a drawing that cannot be written before any work is done.
///
/// # Errors
/// [`ExportError::UnknownFormat`] for another ending than `.svg`, [`ExportError::Exists`], or what stands in the way.
pub fn check_svg_target(path: &Path, overwrite: bool) -> Result<(), ExportError> {
    if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("svg")) {
        return Err(ExportError::UnknownFormat { path: path.to_owned(), known: ".svg".to_owned() });
    }
    check_place(path, overwrite)
}

/// Writes a drawing, beside its final name first.
///
/// # Errors
/// [`ExportError`]; no file is left behind then.
pub fn write_svg(svg: &Svg, title: &str, path: &Path, overwrite: bool) -> Result<Vec<PathBuf>, ExportError> {
    check_svg_target(path, overwrite)?;
    put(path, svg.text(title).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_xml_is_escaped() {
        let mut svg = Svg::new([100.0, 50.0]);
        svg.label([1.0, 2.0], "A<B & \"C\"\u{1}", Lettering::plain(10.0, "start"));
        let text = svg.text("井 <1>");
        assert!(text.contains("A&lt;B &amp; &quot;C&quot; </text>"), "{text}");
        assert!(text.contains("<title>井 &lt;1&gt;</title>"));
    }

    #[test]
    fn a_chinese_character_is_as_wide_as_high() {
        let letters = Lettering::plain(10.0, "start");
        assert_eq!(letters.width("管底"), 20.0);
        assert!((letters.width("DN3") - 16.8).abs() < 1e-9);
    }
}
