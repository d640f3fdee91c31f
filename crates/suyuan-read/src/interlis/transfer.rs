//! A transfer file as objects: their attributes, references and geometries, nothing understood yet.
//!
//! # Reference
//! INTERLIS 2.3 reference manual, chapter 3 (sequential transfer in XML).

use std::collections::HashMap;
use std::path::Path;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use suyuan_core::Coord;

use super::arc::push_arc;
use crate::error::ReadError;
use crate::layer::orient_ring;

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Text(String),
    Reference(String),
    Point(Coord<f64>),
    Lines(Vec<Vec<Coord<f64>>>),
    /// Rings, the first of each surface its outer one, turned as [`suyuan_core::raw::ShapeKind::Polygon`] wants.
    Rings(Vec<Vec<Coord<f64>>>),
}

/// An object with its attributes by number of their name.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) class: u32,
    pub(super) tid: String,
    attributes: Vec<(u32, Content)>,
}

impl Object {
    pub(super) fn get(&self, name: u32) -> Option<&Content> {
        self.attributes.iter().find(|a| a.0 == name).map(|a| &a.1)
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = (u32, &str)> {
        self.attributes.iter().filter_map(|(name, content)| match content {
            Content::Text(text) => Some((*name, text.as_str())),
            _ => None,
        })
    }
}

/// Names of classes and attributes, numbered; case and underscores do not tell them apart.
#[derive(Debug, Default)]
pub(super) struct Names {
    spelt: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Names {
    fn plain(name: &str) -> String {
        name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
    }

    fn take(&mut self, name: &str) -> u32 {
        let next = self.spelt.len() as u32;
        let number = *self.numbers.entry(Self::plain(name)).or_insert(next);
        if number == next {
            self.spelt.push(name.to_owned());
        }
        number
    }

    /// The number of a name, a number that nothing has where the file lacks it.
    pub(super) fn number(&self, name: &str) -> u32 {
        self.numbers.get(&Self::plain(name)).copied().unwrap_or(u32::MAX)
    }

    /// The name as the file first spells it.
    pub(super) fn spelt(&self, number: u32) -> &str {
        &self.spelt[number as usize]
    }
}

/// A transfer file.
#[derive(Debug, Default)]
pub(super) struct Transfer {
    pub(super) objects: Vec<Object>,
    /// The first object of each identifier.
    pub(super) by_tid: HashMap<String, u32>,
    pub(super) names: Names,
    pub(super) models: Vec<String>,
}

impl Transfer {
    /// What the objects refer to.
    pub(super) fn referred(&self) -> impl Iterator<Item = &str> {
        let contents = self.objects.iter().flat_map(|o| &o.attributes);
        contents.filter_map(|(_, content)| match content {
            Content::Reference(tid) => Some(tid.as_str()),
            _ => None,
        })
    }
}

/// The name without namespace and path: `DSS_2020_1_LV95.Siedlungsentwaesserung.Haltung` is `Haltung`.
fn last_name(name: &str) -> &str {
    name.rsplit(['.', ':']).next().unwrap_or(name)
}

fn attribute(element: &BytesStart, name: &str) -> Option<String> {
    element
        .attributes()
        .flatten()
        .find(|a| last_name(a.key.as_ref()).eq_ignore_ascii_case(name))
        .map(|a| a.normalized_value(XmlVersion::Implicit1_0).map_or_else(|_| a.value.to_string(), Into::into))
}

/// The attribute that is being read.
#[derive(Default)]
struct Open {
    name: u32,
    text: String,
    reference: Option<String>,
    /// The position that is being read: C1, C2 and, of an arc, A1, A2.
    position: [Option<f64>; 4],
    point: Option<Coord<f64>>,
    line: Option<Vec<Coord<f64>>>,
    lines: Vec<Vec<Coord<f64>>>,
    /// The ring that is being read, whose boundary may be given in several lines.
    ring: Option<Vec<Coord<f64>>>,
    rings: Vec<Vec<Coord<f64>>>,
    /// Rings of the surface that is being read.
    of_surface: usize,
}

impl Open {
    fn start(&mut self, name: &str) {
        match name {
            "COORD" | "ARC" => self.position = [None; 4],
            "POLYLINE" => self.line = Some(Vec::new()),
            "BOUNDARY" | "EXTERIOR" | "INTERIOR" => self.ring = Some(Vec::new()),
            "SURFACE" => self.of_surface = 0,
            _ => {}
        }
    }

    /// Ends an element; `false` where a position lacks a number.
    fn end(&mut self, name: &str) -> bool {
        match name {
            "COORD" | "ARC" => {
                let [Some(x), Some(y), a1, a2] = self.position else { return false };
                let place = Coord { x, y };
                match (&mut self.line, a1.zip(a2)) {
                    (Some(line), Some((x, y))) => push_arc(line, Coord { x, y }, place),
                    (Some(_), None) if name == "ARC" => return false,
                    (Some(line), None) => line.push(place),
                    (None, _) => self.point = Some(place),
                }
            }
            "POLYLINE" => {
                let line = self.line.take().unwrap_or_default();
                match &mut self.ring {
                    Some(ring) => {
                        let repeated = ring.last().is_some() && ring.last() == line.first();
                        ring.extend(line.into_iter().skip(usize::from(repeated)));
                    }
                    None => self.lines.push(line),
                }
            }
            "BOUNDARY" | "EXTERIOR" | "INTERIOR" => {
                if let Some(mut ring) = self.ring.take().filter(|r| r.len() > 2) {
                    orient_ring(&mut ring, self.of_surface == 0);
                    self.rings.push(ring);
                }
                self.of_surface += 1;
            }
            _ => {}
        }
        true
    }

    fn content(self) -> Option<Content> {
        if let Some(reference) = self.reference {
            return Some(Content::Reference(reference));
        }
        if !self.rings.is_empty() {
            return Some(Content::Rings(self.rings));
        }
        if !self.lines.is_empty() {
            return Some(Content::Lines(self.lines));
        }
        let text = self.text.trim();
        match self.point {
            Some(point) => Some(Content::Point(point)),
            None => (!text.is_empty()).then(|| Content::Text(text.to_owned())),
        }
    }
}

/// Reads the objects of a transfer file.
///
/// # Errors
/// [`ReadError::Damaged`] with the line where it is no XML, [`ReadError::NotACoordinate`] for a position that is none.
pub(super) fn parse(path: &Path, text: &str) -> Result<Transfer, ReadError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let line_at =
        |position: u64| 1 + text.as_bytes()[..position as usize].iter().filter(|b| **b == b'\n').count();
    let mut transfer = Transfer::default();
    let mut object: Option<Object> = None;
    let mut open: Option<Open> = None;
    // Elements inside the object: 1 is an attribute.
    let mut depth = 0usize;
    let mut number = String::new();
    loop {
        let event = reader.read_event().map_err(|e| ReadError::Damaged {
            path: path.to_owned(),
            what: format!("line {}: {e}", line_at(reader.error_position())),
        })?;
        match event {
            Event::Start(element) => {
                let name = element.name();
                let name = last_name(name.as_ref());
                if object.is_none() {
                    if name.eq_ignore_ascii_case("MODEL") {
                        transfer.models.extend(attribute(&element, "NAME"));
                    } else if let Some(tid) = attribute(&element, "TID") {
                        let class = transfer.names.take(name);
                        object = Some(Object { class, tid, attributes: Vec::new() });
                        depth = 0;
                    }
                    continue;
                }
                depth += 1;
                if depth == 1 {
                    open = Some(Open { name: transfer.names.take(name), ..Open::default() });
                }
                if let Some(open) = &mut open {
                    if let Some(reference) = attribute(&element, "REF") {
                        open.reference = Some(reference);
                    }
                    open.start(&name.to_ascii_uppercase());
                    number.clear();
                }
            }
            Event::End(element) => {
                let name = element.name();
                let name = last_name(name.as_ref()).to_ascii_uppercase();
                let Some(current) = &mut object else { continue };
                if depth == 0 {
                    let index = transfer.objects.len() as u32;
                    transfer.by_tid.entry(current.tid.clone()).or_insert(index);
                    transfer.objects.extend(object.take());
                    continue;
                }
                depth -= 1;
                let Some(attribute) = &mut open else { continue };
                let slot = ["C1", "C2", "A1", "A2"].iter().position(|n| *n == name);
                let read = slot.map(|_| number.trim().parse::<f64>().ok().filter(|v| v.is_finite()));
                if let (Some(slot), Some(value)) = (slot, read) {
                    attribute.position[slot] = value;
                }
                if read == Some(None) || !attribute.end(&name) {
                    return Err(ReadError::NotACoordinate {
                        path: path.to_owned(),
                        line: line_at(reader.buffer_position()),
                        object: format!("{} {}", transfer.names.spelt(current.class), current.tid),
                        field: transfer.names.spelt(attribute.name).to_owned(),
                        value: number.trim().to_owned(),
                    });
                }
                if depth == 0 {
                    let open = open.take().unwrap_or_default();
                    let name = open.name;
                    current.attributes.extend(open.content().map(|content| (name, content)));
                }
            }
            Event::Text(content) => {
                if let Some(open) = &mut open {
                    let content = content.xml10_content();
                    number.push_str(&content);
                    if depth == 1 {
                        open.text.push_str(&content);
                    }
                }
            }
            Event::CData(content) => {
                if let Some(open) = open.as_mut().filter(|_| depth == 1) {
                    open.text.push_str(&content.xml_content(XmlVersion::Implicit1_0));
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(open) = open.as_mut().filter(|_| depth == 1) {
                    let known = match &*reference {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => reference.resolve_char_ref().ok().flatten(),
                    };
                    open.text.push(known.unwrap_or('\u{fffd}'));
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if object.is_some() {
        return Err(ReadError::Damaged {
            path: path.to_owned(),
            what: format!("line {}: the file ends inside an object", line_at(text.len() as u64)),
        });
    }
    Ok(transfer)
}
