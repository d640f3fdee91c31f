//! A QGIS project as text: groups, titles, styles, view; relative sources, no user named.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::path::Path;

use suyuan_core::raw::ShapeKind;
use zip::write::SimpleFileOptions;

use crate::style::{escape, style_body};
use crate::table::Package;
use crate::wkb::around;

/// Least x, least y, greatest x, greatest y of what the project opens with.
fn view(package: &Package) -> [f64; 4] {
    let tables = &package.tables;
    let focus = tables.iter().find(|t| Some(&t.name) == package.focus.as_ref());
    let focus = focus.and_then(|t| around(t.shapes.coords()));
    let all = || {
        tables
            .iter()
            .filter(|t| t.shapes.kind() != ShapeKind::None)
            .filter_map(|t| around(t.shapes.coords()))
            .reduce(|u, b| [u[0].min(b[0]), u[1].max(b[1]), u[2].min(b[2]), u[3].max(b[3])])
    };
    let [x0, x1, y0, y1] = focus.or_else(all).unwrap_or([0.0, 1000.0, 0.0, 1000.0]);
    let margin = (0.1 * (x1 - x0).max(y1 - y0)).max(100.0);
    [x0 - margin, y0 - margin, x1 + margin, y1 + margin]
}

fn project_xml(package: &Package, source: &str) -> String {
    let tables = &package.tables;
    let crs = &package.crs;
    let authority = crs.epsg.map_or_else(|| "USER:100000".to_owned(), |code| format!("EPSG:{code}"));
    let srs = format!(
        r#"<spatialrefsys nativeFormat="Wkt"><wkt>{}</wkt><authid>{authority}</authid></spatialrefsys>"#,
        escape(&crs.wkt)
    );
    let mut groups: Vec<&str> = Vec::new();
    for table in tables {
        if !groups.contains(&table.group.as_str()) {
            groups.push(&table.group);
        }
    }
    let (mut tree, mut layers) = (String::new(), String::new());
    for (g, group) in groups.iter().enumerate() {
        let expanded = u8::from(g + 1 < groups.len());
        let _ = write!(
            tree,
            r#"<layer-tree-group name="{}" checked="Qt::Checked" expanded="{expanded}">"#,
            escape(group)
        );
        for table in tables.iter().filter(|t| t.group == **group) {
            let data = format!("{source}|layername={}", table.name);
            let _ = write!(
                tree,
                r#"<layer-tree-layer id="suyuan_{}" name="{}" source="{}" providerKey="ogr" checked="Qt::Checked" expanded="{expanded}" legend_exp=""/>"#,
                table.name,
                escape(&table.title),
                escape(&data)
            );
            let geometry = match table.shapes.kind() {
                ShapeKind::Point => "Point",
                ShapeKind::Line => "Line",
                ShapeKind::Polygon => "Polygon",
                ShapeKind::None => "No geometry",
            };
            let (body, labelled) = style_body(table, package.language);
            let _ = write!(
                layers,
                r#"<maplayer type="vector" geometry="{geometry}" labelsEnabled="{}" styleCategories="AllStyleCategories"><id>suyuan_{}</id><datasource>{}</datasource><layername>{}</layername><srs>{srs}</srs><provider encoding="UTF-8">ogr</provider>{body}</maplayer>"#,
                u8::from(labelled),
                table.name,
                escape(&data),
                escape(&table.title),
            );
        }
        tree.push_str("</layer-tree-group>");
    }
    let [x0, y0, x1, y1] = view(package);
    let extent = format!("<xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>");
    let title = escape(&package.title);
    format!(
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis projectname=\"{title}\" version=\"3.22.0\">\
         <homePath path=\"\"/><title>{title}</title><projectCrs>{srs}</projectCrs><layer-tree-group>{tree}</layer-tree-group>\
         <mapcanvas name=\"theMapCanvas\"><units>meters</units><extent>{extent}</extent><rotation>0</rotation>\
         <destinationsrs>{srs}</destinationsrs></mapcanvas><projectlayers>{layers}</projectlayers>\
         <properties><SpatialRefSys><ProjectionsEnabled type=\"int\">1</ProjectionsEnabled></SpatialRefSys>\
         <Paths><Absolute type=\"bool\">false</Absolute></Paths><Measurement><DistanceUnits type=\"QString\">meters\
         </DistanceUnits></Measurement></properties><ProjectViewSettings UseProjectScales=\"0\"><DefaultViewExtent \
         xmin=\"{x0}\" ymin=\"{y0}\" xmax=\"{x1}\" ymax=\"{y1}\">{srs}</DefaultViewExtent></ProjectViewSettings></qgis>"
    )
}

/// The project as a `.qgz` whose layers lie in `gpkg` beside it.
pub(crate) fn project_zip(package: &Package, gpkg: &Path) -> Vec<u8> {
    let file = gpkg.file_name().map_or_else(|| "result.gpkg".into(), |n| n.to_string_lossy());
    let stem = gpkg.file_stem().map_or_else(|| "result".into(), |n| n.to_string_lossy());
    let xml = project_xml(package, &format!("./{file}"));
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    // Writing into memory cannot fail but for a project beyond 4 GiB.
    let written = zip
        .start_file(format!("{stem}.qgs"), options)
        .and_then(|()| zip.write_all(xml.as_bytes()).map_err(Into::into))
        .and_then(|()| zip.finish());
    written.map(Cursor::into_inner).unwrap_or_default()
}

/// What QGIS keeps beside a project in a GeoPackage.
pub(crate) fn project_metadata(time: &str) -> String {
    serde_json::json!({ "last_modified_time": time.trim_end_matches('Z'), "last_modified_user": "" })
        .to_string()
}
