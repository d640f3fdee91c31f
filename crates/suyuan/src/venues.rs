//! What lies around the venues, with the drainers behind each outfall.

use std::collections::BTreeMap;

use serde::Serialize;
use suyuan_core::crs::Transform;
use suyuan_core::raw::{Field, RawLayer, Role, ShapeKind};
use suyuan_core::{Coord, Language, Origin};
use suyuan_export::{Look, Package, Table};
use suyuan_venue::{OutfallSite, Shape, VenueConfig, VenueSite, WaterSite, check_venues};

use crate::answer::TraceRequest;
use crate::city::City;
use crate::error::Error;
use crate::package::run_info;
use crate::rows::{Kind, Rows};

/// An outfall near a venue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutfallNear {
    /// Its id.
    pub outfall: String,
    /// Where it is, in the network's system.
    #[serde(skip)]
    pub place: Coord<f64>,
    /// Its name, blank if it has none.
    pub name: String,
    /// Geodesic distance to the venue, metres.
    pub distance_m: f64,
    /// The water it lies on, by name, else by id; absent among the outfalls within the radius.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub water: Option<String>,
    /// Pipes behind it; `null` where it is joined to no pipe.
    pub pipes: Option<usize>,
    /// Ids of the drainers behind it.
    pub drainers: Vec<String>,
}

/// A water near a venue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaterNear {
    /// Its id.
    pub water: String,
    /// Its name.
    pub name: String,
    /// Geodesic distance to the venue, metres; 0 where it touches.
    pub distance_m: f64,
}

/// What lies around one venue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VenueAnswer {
    /// `suyuan.venues/1`.
    pub schema: &'static str,
    /// Its id.
    pub venue: String,
    /// Its name.
    pub name: String,
    /// How far around it was looked, metres.
    pub radius_m: f64,
    /// Reading (a): outfalls within the radius, nearest first.
    pub outfalls: Vec<OutfallNear>,
    /// Reading (b): waters that touch the disc, nearest first.
    pub waters: Vec<WaterNear>,
    /// Reading (b): every outfall on one of those waters, nearest first.
    pub outfalls_on_waters: Vec<OutfallNear>,
    /// The disc in the network's system, for drawing.
    #[serde(skip)]
    pub disc: Vec<Coord<f64>>,
    /// The venue itself in the network's system.
    #[serde(skip)]
    pub shape: (ShapeKind, Vec<Vec<Coord<f64>>>),
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

impl City {
    /// Checks every venue by both readings of the rule.
    ///
    /// # Errors
    /// [`Error::MissingLayer`] without venues or outfalls; [`Error::NeedsSurvey`] for a prepared network;
    /// [`Error::Read`] where the coordinates cannot become degrees.
    pub fn venues(&self, radius: Option<f64>) -> Result<Vec<VenueAnswer>, Error> {
        let survey = self.survey.as_ref().ok_or(Error::NeedsSurvey { what: "the check of venues" })?;
        if survey.layers_of(Role::Venues).next().is_none() {
            return Err(Error::MissingLayer { role: "venues" });
        }
        if self.network.outfall_ids().len() == 0 {
            return Err(Error::MissingLayer { role: "outfalls" });
        }
        let crs = self.network.crs();
        let in_crs = |source| Error::Read(suyuan_read::ReadError::Crs { path: "venues".into(), source });
        let degrees = Transform::new(crs, &crs.geographic_twin()).map_err(in_crs)?;
        let metres = Transform::new(&crs.geographic_twin(), crs).map_err(in_crs)?;
        let shape = |layer: &RawLayer, row: usize| -> Result<Shape, Error> {
            let mut parts: Vec<Vec<Coord<f64>>> = layer.shapes.parts(row).map(<[_]>::to_vec).collect();
            for part in &mut parts {
                degrees.apply_all(part).map_err(|(_, e)| in_crs(e))?;
            }
            Ok(Shape { kind: layer.shapes.kind(), parts })
        };
        let mut venues = Vec::new();
        let mut originals = Vec::new();
        for (index, layer) in survey.layers_of(Role::Venues) {
            for row in 0..layer.len() {
                let radius = radius.or_else(|| layer.number(Field::Radius, row)).unwrap_or(1000.0);
                if radius <= 0.0 {
                    let origin = survey.describe(Origin { layer: index, row: row as u32 });
                    return Err(Error::BadRadius { origin, radius });
                }
                venues.push(VenueSite {
                    id: layer.id(row).into_owned(),
                    name: layer.text(Field::Name, row).unwrap_or("").to_owned(),
                    radius,
                    shape: shape(layer, row)?,
                });
                let parts: Vec<Vec<Coord<f64>>> = layer.shapes.parts(row).map(<[_]>::to_vec).collect();
                originals.push((layer.shapes.kind(), parts));
            }
        }
        let mut waters = Vec::new();
        for (_, layer) in survey.layers_of(Role::Waters) {
            for row in 0..layer.len() {
                waters.push(WaterSite {
                    id: layer.id(row).into_owned(),
                    name: layer.text(Field::Name, row).unwrap_or("").to_owned(),
                    shape: shape(layer, row)?,
                });
            }
        }
        let mut sites = Vec::new();
        let mut spots = Vec::new();
        for id in self.network.outfall_ids() {
            let outfall = self.network.outfall(id);
            let place = outfall.place.or_else(|| self.network.node(outfall.node?).place);
            let Some(place) = place else { continue };
            let layer = &survey.layers[outfall.origin.layer as usize];
            sites.push(OutfallSite {
                id: outfall.id.clone(),
                place: degrees.apply(place).map_err(in_crs)?,
                water: layer.text(Field::Water, outfall.origin.row as usize).unwrap_or("").to_owned(),
            });
            spots.push((id, place));
        }
        let reports = check_venues(&venues, &sites, &waters, VenueConfig::automatic());
        let mut behind: BTreeMap<usize, (Option<usize>, Vec<String>, String)> = BTreeMap::new();
        let request = TraceRequest { max_snap: f64::INFINITY, ..TraceRequest::default() };
        let mut tracer = self.tracer(&request)?;
        let concerned: std::collections::BTreeSet<usize> = reports
            .iter()
            .flat_map(|r| r.outfalls.iter().map(|o| o.0).chain(r.on_waters.iter().map(|o| o.0)))
            .collect();
        for site in concerned {
            let outfall = self.network.outfall(spots[site].0);
            let entry = if outfall.node.is_some() {
                let answer = tracer.trace_outfall(spots[site].0)?;
                (Some(answer.pipes.len()), answer.drainers, outfall.name.clone())
            } else {
                (None, Vec::new(), outfall.name.clone())
            };
            behind.insert(site, entry);
        }
        let near = |site: usize, distance: f64, water: Option<usize>| {
            let (pipes, drainers, name) = behind.get(&site).cloned().unwrap_or_default();
            OutfallNear {
                outfall: sites[site].id.clone(),
                place: spots[site].1,
                name,
                distance_m: round(distance),
                water: water.map(|w| {
                    let water: &WaterSite = &waters[w];
                    if water.name.is_empty() { water.id.clone() } else { water.name.clone() }
                }),
                pipes,
                drainers,
            }
        };
        reports
            .into_iter()
            .map(|report| {
                let venue = &venues[report.venue];
                let mut disc = venue.circle().unwrap_or_default();
                metres.apply_all(&mut disc).map_err(|(_, e)| in_crs(e))?;
                Ok(VenueAnswer {
                    schema: "suyuan.venues/1",
                    venue: venue.id.clone(),
                    name: venue.name.clone(),
                    radius_m: venue.radius,
                    outfalls: report.outfalls.iter().map(|(o, d)| near(*o, *d, None)).collect(),
                    waters: report
                        .waters
                        .iter()
                        .map(|(w, d)| WaterNear {
                            water: waters[*w].id.clone(),
                            name: waters[*w].name.clone(),
                            distance_m: round(*d),
                        })
                        .collect(),
                    outfalls_on_waters: report
                        .on_waters
                        .iter()
                        .map(|(o, d, w)| near(*o, *d, Some(*w)))
                        .collect(),
                    disc,
                    shape: originals[report.venue].clone(),
                })
            })
            .collect()
    }
}

/// The layers of a venue check.
#[must_use]
pub fn venue_package(city: &City, answers: &[VenueAnswer], language: Language) -> Package {
    let result = language.pick("Result", "结论");
    let background = language.pick("Background", "背景");
    let mut tables: Vec<Table> = Vec::new();
    let mut near = Rows::new(
        ShapeKind::Point,
        language,
        &[
            ("id", "Outfall", "排口编号", Kind::Text),
            ("name", "Name", "名称", Kind::Text),
            ("venue", "Venue", "场馆", Kind::Text),
            ("reading", "Reading", "判定口径", Kind::Text),
            ("distance_m", "Distance (m)", "距离(m)", Kind::Real),
            ("water", "Water", "水体", Kind::Text),
            ("pipes", "Pipes behind", "上游管段数", Kind::Integer),
            ("drainers", "Drainers behind", "上游排水户数", Kind::Integer),
        ],
    );
    for answer in answers {
        let within = language.pick("within the radius", "半径内");
        let on_water = language.pick("on a water that touches the disc", "所涉水体沿线");
        let lists = [(&answer.outfalls, within), (&answer.outfalls_on_waters, on_water)];
        for (outfall, reading) in
            lists.iter().flat_map(|(list, reading)| list.iter().map(move |o| (o, *reading)))
        {
            near.text("id", &outfall.outfall)
                .text("name", &outfall.name)
                .text("venue", if answer.name.is_empty() { &answer.venue } else { &answer.name })
                .text("reading", reading)
                .real("distance_m", outfall.distance_m)
                .text("water", outfall.water.as_deref().unwrap_or(""))
                .integer("pipes", outfall.pipes.unwrap_or(0) as i64)
                .integer("drainers", outfall.drainers.len() as i64);
            near.shape([[outfall.place].as_slice()]);
        }
    }
    tables.push(near.table(
        "outfalls_near",
        language.pick("Outfalls concerned", "涉及排口"),
        result,
        Look::Outfalls,
    ));
    for kind in [ShapeKind::Point, ShapeKind::Polygon, ShapeKind::Line] {
        let chosen: Vec<&VenueAnswer> = answers.iter().filter(|a| a.shape.0 == kind).collect();
        if chosen.is_empty() {
            continue;
        }
        let mut venues = Rows::new(
            kind,
            language,
            &[
                ("id", "Venue", "场馆编号", Kind::Text),
                ("name", "Name", "名称", Kind::Text),
                ("radius_m", "Radius (m)", "半径(m)", Kind::Real),
            ],
        );
        for answer in chosen {
            venues.text("id", &answer.venue).text("name", &answer.name).real("radius_m", answer.radius_m);
            venues.shape(answer.shape.1.iter().map(Vec::as_slice));
        }
        let name = if kind == ShapeKind::Point { "venues" } else { "venue_areas" };
        tables.push(venues.table(name, language.pick("Venues", "重点场馆"), result, Look::Venues));
    }
    let mut discs = Rows::new(
        ShapeKind::Polygon,
        language,
        &[("name", "Venue", "场馆", Kind::Text), ("radius_m", "Radius (m)", "半径(m)", Kind::Real)],
    );
    for answer in answers {
        discs.text("name", &answer.name).real("radius_m", answer.radius_m);
        if answer.disc.is_empty() { discs.shape([]) } else { discs.shape([answer.disc.as_slice()]) }
    }
    tables.push(discs.table(
        "venue_discs",
        language.pick("Radius around venues", "场馆周边范围"),
        background,
        Look::VenueDiscs,
    ));
    tables.extend(crate::package::surroundings(city, language, background));
    Package {
        title: language.pick("suyuan venues", "场馆周边排查").to_owned(),
        crs: city.network.crs().clone(),
        language,
        tables,
        focus: Some("venue_discs".to_owned()),
        run_info: run_info(city),
    }
}
