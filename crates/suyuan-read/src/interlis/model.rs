//! Which objects make which layer: data files, and the paths in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use suyuan_core::raw::Role;

use super::transfer::{Content, Names, Transfer};

/// A model of transfer files, and the layers that are made of one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    /// The dialect of its columns.
    pub(super) name: String,
    /// EPSG codes by what names of models end in.
    pub(super) crs: BTreeMap<String, u32>,
    pub(super) layers: Vec<ModelLayer>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelLayer {
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) of: Vec<Rows>,
}

/// Objects that make rows of a layer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rows {
    pub(super) classes: Vec<String>,
    /// One path to a geometry, or two to the ends of a line.
    pub(super) geometry: Vec<String>,
    /// Objects whose attributes come along, behind a prefix.
    #[serde(default)]
    pub(super) with: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) columns: BTreeMap<String, Vec<String>>,
}

/// The models that ship with suyuan.
///
/// # Panics
/// Never: a test reads them all.
pub(super) fn shipped() -> Vec<Model> {
    [include_str!("../../models/vsa-dss.toml")]
        .into_iter()
        .map(|text| toml::from_str(text).expect("a shipped model is valid"))
        .collect()
}

#[derive(Debug, Clone, PartialEq)]
enum Way {
    /// Along a reference, or to an attribute.
    Forward(u32),
    /// To the object of a class that refers here by an attribute.
    Back(u32, u32),
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    way: Way,
    /// The class to go on with, and whether it is that one or any other.
    class: Option<(u32, bool)>,
    /// Whether the object may well be in another file.
    elsewhere: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Last {
    Tid,
    Class,
    Attribute(u32),
}

/// A path from an object along its references.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trail {
    steps: Vec<Step>,
    last: Last,
}

impl Trail {
    /// A path in the names of a file; `None` where it is no path.
    pub(super) fn parse(text: &str, names: &Names) -> Option<Self> {
        let mut words: Vec<&str> = text.split('/').collect();
        let last = match words.pop()? {
            "TID" => Last::Tid,
            "CLASS" => Last::Class,
            "" => return None,
            name => Last::Attribute(names.number(name)),
        };
        let steps = words.into_iter().map(|word| {
            let elsewhere = word.ends_with('?');
            let word = word.trim_end_matches('?');
            let (name, class) = match word.strip_suffix(']').map(|w| w.split_once('[')) {
                Some(Some((name, class))) => {
                    let only = !class.starts_with('!');
                    (name, Some((names.number(class.trim_start_matches('!')), only)))
                }
                Some(None) => return None,
                None => (word, None),
            };
            let way = match name.strip_prefix('^').map(|n| n.split_once(':')) {
                Some(Some((class, attribute))) => Way::Back(names.number(class), names.number(attribute)),
                Some(None) => return None,
                None => Way::Forward(names.number(name)),
            };
            Some(Step { way, class, elsewhere })
        });
        Some(Self { steps: steps.collect::<Option<_>>()?, last })
    }

    pub(super) fn backs(&self) -> impl Iterator<Item = (u32, u32)> {
        self.steps.iter().filter_map(|s| match s.way {
            Way::Back(class, attribute) => Some((class, attribute)),
            Way::Forward(_) => None,
        })
    }
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found<'a> {
    Text(&'a str),
    Content(&'a Content),
}

/// The objects of a file with who refers to whom.
pub(super) struct Web<'a> {
    pub(super) transfer: &'a Transfer,
    /// By class and attribute: the object referred to, and the first that refers to it.
    back: HashMap<(u32, u32), HashMap<&'a str, u32>>,
    /// References that lead to nothing: attribute, object, what it names.
    pub(super) broken: BTreeSet<(u32, u32, String)>,
}

#[derive(Clone, Copy)]
enum At<'a> {
    Object(u32),
    /// Something that is not in the file.
    Gone(&'a str),
}

impl<'a> Web<'a> {
    pub(super) fn new(transfer: &'a Transfer, backs: impl Iterator<Item = (u32, u32)>) -> Self {
        let mut back: HashMap<(u32, u32), HashMap<&str, u32>> = backs.map(|b| (b, HashMap::new())).collect();
        for (index, object) in transfer.objects.iter().enumerate() {
            for ((_, attribute), found) in back.iter_mut().filter(|(b, _)| b.0 == object.class) {
                if let Some(Content::Reference(tid)) = object.get(*attribute) {
                    found.entry(tid).or_insert(index as u32);
                }
            }
        }
        Self { transfer, back, broken: BTreeSet::new() }
    }

    fn step(&mut self, from: u32, step: &Step) -> Option<At<'a>> {
        let transfer = self.transfer;
        let object = &transfer.objects[from as usize];
        let at = match step.way {
            Way::Back(class, attribute) => {
                At::Object(*self.back.get(&(class, attribute))?.get(object.tid.as_str())?)
            }
            Way::Forward(name) => {
                let Some(Content::Reference(tid)) = object.get(name) else { return None };
                match transfer.by_tid.get(tid) {
                    Some(index) => At::Object(*index),
                    None => {
                        if !step.elsewhere {
                            self.broken.insert((name, from, tid.clone()));
                        }
                        At::Gone(tid)
                    }
                }
            }
        };
        let fits = match (step.class, at) {
            (None, _) => true,
            (Some((class, only)), At::Object(o)) => (transfer.objects[o as usize].class == class) == only,
            (Some((_, only)), At::Gone(_)) => !only,
        };
        fits.then_some(at)
    }

    /// The object that a path of references alone leads to.
    pub(super) fn object(&mut self, from: u32, trail: &Trail) -> Option<u32> {
        let mut at = from;
        for step in &trail.steps {
            let At::Object(next) = self.step(at, step)? else { return None };
            at = next;
        }
        let Last::Attribute(name) = trail.last else { return None };
        let last = Step { way: Way::Forward(name), class: None, elsewhere: false };
        match self.step(at, &last)? {
            At::Object(object) => Some(object),
            At::Gone(_) => None,
        }
    }

    /// What a path leads to from an object.
    pub(super) fn follow(&mut self, from: u32, trail: &Trail) -> Option<Found<'a>> {
        let transfer = self.transfer;
        let mut at = At::Object(from);
        for step in &trail.steps {
            let At::Object(object) = at else { return None };
            at = self.step(object, step)?;
        }
        match (at, trail.last) {
            (At::Object(object), Last::Tid) => Some(Found::Text(&transfer.objects[object as usize].tid)),
            (At::Gone(tid), Last::Tid) => Some(Found::Text(tid)),
            (At::Object(object), Last::Class) => {
                Some(Found::Text(transfer.names.spelt(transfer.objects[object as usize].class)))
            }
            (At::Object(object), Last::Attribute(name)) => {
                transfer.objects[object as usize].get(name).map(Found::Content)
            }
            (At::Gone(_), _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_models_are_valid_and_so_are_their_paths() {
        let names = Names::default();
        for model in shipped() {
            for rows in model.layers.iter().flat_map(|l| &l.of) {
                assert!((1..=2).contains(&rows.geometry.len()), "{:?}", rows.geometry);
                let paths =
                    rows.geometry.iter().chain(rows.with.values()).chain(rows.columns.values().flatten());
                for path in paths {
                    assert!(Trail::parse(path, &names).is_some(), "{path}");
                }
            }
        }
    }
}
