//! The duty desk's roles: `[duty]` of `catalogue.toml`.

use jiff::tz::TimeZone;

use super::catalogue::CatalogueFault;
use super::files::Files;
use super::toml_keys::{Keys, Source};
use crate::engine::cql2::{check, read_text};
use crate::model::filter::AskedFilter;
use crate::model::{DutyOrder, DutyRole, DutyRoles, Layer, LayerId, Role, View};

/// Most features of a role.
const MOST: i64 = 100;
/// Farthest reach of a role, metres.
const REACH_M: f64 = 100_000.0;

/// Each role is the id of a layer, or a table that says more.
pub(super) fn read_duty(source: &Source<'_>, keys: &mut Keys<'_, '_>, files: &Files) -> DutyRoles {
    let Some(mut duty) = keys.table_if("duty", "a table of roles, each a layer's id or a table") else {
        return DutyRoles::default();
    };
    let roles = Role::ALL.into_iter().filter_map(|role| read_role(source, (&mut duty, role), files)).collect();
    duty.finish();
    DutyRoles(roles)
}

fn read_role(source: &Source<'_>, (duty, role): (&mut Keys<'_, '_>, Role), files: &Files) -> Option<DutyRole> {
    let key = role.name();
    if !duty.holds_table(key) {
        return read_layer_id(source, (duty, key), files).map(|layer| role.played_by(layer));
    }
    let mut table = duty.table_if(key, "a layer's id or a table")?;
    let layer = if table.has("layer") {
        read_layer_id(source, (&mut table, "layer"), files)
    } else {
        table.missing("layer", "a layer's id");
        None
    };
    let count = table.integer_if("count", &(1..=MOST)).and_then(|count| usize::try_from(count).ok());
    let reach_m = if table.has("reach_m") { table.number("reach_m", &(1.0..=REACH_M)) } else { None };
    let order = table.parsed_if("order", "nearest or latest", |text| {
        [DutyOrder::Nearest, DutyOrder::Latest].into_iter().find(|order| order.name() == text)
    });
    let filter = table.parsed_if("filter", "a filter in CQL2 text", |text| read_text("filter", text).ok());
    let at = table.at();
    table.finish();
    let usual = role.played_by(layer?);
    let role = DutyRole {
        count: count.unwrap_or(usual.count),
        reach_m: reach_m.or(usual.reach_m),
        order: order.unwrap_or(usual.order),
        filter,
        ..usual
    };
    if role.order == DutyOrder::Latest && role.reach_m.is_none() {
        source.fault(&at, format!("{key}: reach_m beside order = \"latest\""));
    }
    Some(role)
}

fn read_layer_id(
    source: &Source<'_>,
    (keys, key): (&mut Keys<'_, '_>, &'static str),
    files: &Files,
) -> Option<LayerId> {
    let id = keys.text_if(key, "a layer's id")?;
    // Asked by the files' names: a layer with faults has its own list of them.
    if !files.layers.iter().any(|file| file.stem == *id.get_ref()) {
        source.fault(&id.span(), format!("{key}: the id of a layer in layers/; found {:?}", id.get_ref()));
    }
    LayerId::parse(key, id.get_ref()).ok()
}

/// That the roles fit their layers.
pub(super) fn check_duty(
    (duty, layers, zone): (&DutyRoles, &[Layer], &TimeZone),
    file: &str,
    faults: &mut Vec<CatalogueFault>,
) {
    for role in &duty.0 {
        // A layer with faults has its own list of them.
        let Some(layer) = layers.iter().find(|layer| layer.id == role.layer) else { continue };
        let name = role.role.name();
        let fits = |asked: &AskedFilter| check("filter", asked, layer, View::EVERYTHING, zone);
        if let Some(Err(invalid)) = role.filter.as_ref().map(fits) {
            let expected = format!("in [duty], {name}.filter that fits {}: {}", layer.id, invalid.expected);
            faults.push(CatalogueFault::of_file(file, expected));
        }
        if role.order == DutyOrder::Latest && layer.time.is_none() {
            let expected = format!("in [duty], {name}.order nearest: {} has no time", layer.id);
            faults.push(CatalogueFault::of_file(file, expected));
        }
    }
}
