//! GDAL, which QGIS reads and writes with, on a file that is followed.

use std::process::Command;

use super::*;

/// Runs a program of GDAL and gives what it printed; none where GDAL is not installed.
fn gdal(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        assert!(std::env::var_os("CI").is_none(), "{program} is missing");
        eprintln!("skipped: {program} is not installed");
        return None;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("ERROR"), "{program} {arguments:?}: {said}");
    Some(said)
}

#[tokio::test]
async fn edits_by_gdal_are_followed_with_their_units() {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("A", 108.0, (None, None)), unit("B", 109.0, (None, None))], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    let path = file.path.to_str().unwrap();
    let mut follower = Follower::new(&file).await;
    let csv = file.path.with_extension("csv");
    std::fs::write(&csv, "lon,lat,title\n108.25,15.5,một\n109.25,15.5,hai\n").unwrap();
    let append = ["-f", "GPKG", "-append", path, csv.to_str().unwrap(), "-nln", "police_incidents"];
    let places = ["-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat", "-a_srs", "EPSG:4326"];
    let Some(_) = gdal("ogr2ogr", &[&append[..], &places].concat()) else { return };
    assert_eq!(follower.follow(&file.store).await, (vec![3, 4], vec![]));
    let links = |follower: &Follower, id: u64| follower.features[&id].units.clone();
    assert_eq!(
        (links(&follower, 3), links(&follower, 4)),
        (vec![UnitLink::Covered(UnitId(1))], vec![UnitLink::Covered(UnitId(2))])
    );
    for (edit, changed, deleted) in [
        (&format!("UPDATE police_incidents SET geom = {} WHERE id = 3", point(109.75))[..], vec![3], vec![]),
        ("DELETE FROM police_incidents WHERE id IN (1, 4)", vec![], vec![1, 4]),
    ] {
        gdal("ogrinfo", &[path, "-sql", edit]);
        assert_eq!(follower.follow(&file.store).await, (changed, deleted), "{edit}");
    }
    assert_eq!(links(&follower, 3), [UnitLink::Covered(UnitId(2))]);
    follower.is_true(&file).await;
    // Our own tables are none of GDAL's layers.
    let listed = gdal("ogrinfo", &["-ro", path]).unwrap();
    assert!(listed.contains("police_incidents") && !listed.contains("bandoso_"), "{listed}");
}

#[tokio::test]
async fn a_layer_that_ogr2ogr_overwrites_is_followed_as_gdal_made_it() {
    let file = Fixture::new().await;
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    file.store.changed().await.unwrap();
    let mut follower = Follower::new(&file).await;
    let csv = file.path.with_extension("csv");
    std::fs::write(&csv, "lon,lat,title\n108.25,15.5,một\n").unwrap();
    let (path, csv) = (file.path.to_str().unwrap(), csv.to_str().unwrap());
    let overwrite = ["-f", "GPKG", "-update", "-overwrite", path, csv, "-nln", "police_incidents"];
    let places = ["-oo", "X_POSSIBLE_NAMES=lon", "-oo", "Y_POSSIBLE_NAMES=lat", "-a_srs", "EPSG:4326"];
    let Some(_) = gdal("ogr2ogr", &[&overwrite[..], &places].concat()) else { return };
    told_to_load(&follower, &file.store).await;
    follower = Follower::new(&file).await;
    assert_eq!(follower.features.len(), 1);
    gdal("ogrinfo", &[path, "-sql", "UPDATE police_incidents SET title = 'hai' WHERE fid = 1"]);
    assert_eq!(follower.follow(&file.store).await, (vec![1], vec![]));
    assert_eq!(follower.features[&1].values[0], Value::Text("hai".to_owned()));
    follower.is_true(&file).await;
}

#[tokio::test]
async fn a_layer_that_was_copied_out_with_its_code_lists_is_followed_when_it_is_put_back() {
    let file = Fixture::new().await;
    file.store.put_units(&[unit("A", 108.0, (None, None)), unit("B", 109.0, (None, None))], &[]).await.unwrap();
    file.import(vec![numbered(1, 108.5), numbered(2, 109.5)]).await;
    file.store.changed().await.unwrap();
    let mut follower = Follower::new(&file).await;
    let copy = file.path.with_extension("copy.gpkg");
    let (path, copy) = (file.path.to_str().unwrap(), copy.to_str().unwrap());
    let Some(_) = gdal("ogr2ogr", &["-f", "GPKG", copy, path, "police_incidents"]) else { return };
    // The copy takes the units along, which are those of the place where the point was.
    gdal("ogrinfo", &[copy, "-sql", &format!("UPDATE police_incidents SET geom = {} WHERE id = 1", point(109.25))]);
    gdal("ogr2ogr", &["-update", "-overwrite", path, copy, "police_incidents", "-where", "id = 1"]);
    // As GDAL 3.6 does: it takes the lists along and leaves out the titles.
    file.elsewhere(
        "INSERT OR REPLACE INTO gpkg_data_columns (table_name, column_name) VALUES ('police_incidents', 'title')",
    );
    told_to_load(&follower, &file.store).await;
    follower = Follower::new(&file).await;
    assert_eq!(follower.features.len(), 1);
    assert_eq!(follower.features[&1].units, [UnitLink::Covered(UnitId(2))]);
    gdal("ogrinfo", &[path, "-sql", "UPDATE police_incidents SET title = 'hai' WHERE id = 1"]);
    assert_eq!(follower.follow(&file.store).await, (vec![1], vec![]));
    follower.is_true(&file).await;
    let untitled = "SELECT count(*) FROM gpkg_data_columns WHERE table_name = 'police_incidents' AND title IS NULL";
    assert_eq!(file.number(untitled), 0);
}
