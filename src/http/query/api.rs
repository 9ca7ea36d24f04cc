//! The questions of place in the API's description, as `OpenAPI` 3.0.

use serde_json::{Map, Value, json};

use super::super::min_version::MIN_VERSION;
use super::super::reply::{GEOJSON, JSON};
use super::super::settings::HttpSettings;
use crate::model::{Aspect, By};

const EVERY: [&str; 3] = [MIN_VERSION, "f", "bom"];
const FEATURES: [&str; 4] = ["filter", "filter-lang", "datetime", "as_of"];
const PAGE: [&str; 2] = ["limit", "cursor"];
/// Ids of layers, as a regular expression of JSON Schema.
pub const LAYER_PATTERN: &str = "^[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*$";
/// Parameters that must be given, wherever they are known.
const REQUIRED: [&str; 6] = ["layer", "with", "code", "from", "to", "of"];

/// The addresses under `/query`.
pub fn paths() -> Value {
    let within = [&["layer"][..], &FEATURES, &PAGE, &["at", "radius_m", "unit", "level", "row"]].concat();
    let shape = [&["layer", "radius_m"][..], &FEATURES, &PAGE].concat();
    let join = ["layer", "with", "radius_m", "with_filter", "with_datetime", "nearest", "at_least"];
    let join = [&join[..], &FEATURES, &PAGE].concat();
    let in_area = [&join[..], &["unit", "level", "bbox"]].concat();
    let count = ["layer", "by", "sum", "avg", "min", "max", "compare", "links"];
    let nearest = [&["layer", "at", "count"][..], &FEATURES].concat();
    let get = |id: &str, summary: &str, media: &str, names: &[&str]| operation((id, summary), media, names);
    let quality = ["layers", "filter", "filter-lang", "datetime", "as_of"];
    let quality_rows = [&["layer", "of", "today"][..], &FEATURES, &PAGE].concat();
    json!({
        "/query/locate": { "get": get("locate", "Điểm thuộc đơn vị nào / Which units hold a place", JSON, &["at", "as_of", "explain"]) },
        "/query/within": {
            "get": get("within", "Đối tượng trong vòng tròn, đơn vị, hoặc sau một số đếm / Features in a circle or a unit, or behind a count", GEOJSON, &within),
            "post": with_body(get("withinShape", "Đối tượng trong vùng hoặc dọc tuyến / Features in a polygon or along a line", GEOJSON, &shape)),
        },
        "/query/nearest": { "get": get("nearest", "Đối tượng gần nhất / The nearest features", GEOJSON, &nearest) },
        "/query/around": { "get": get("around", "Quanh một điểm, cho trực ban / Round a place, for the duty desk", JSON, &["at", "datetime", "as_of"]) },
        "/query/count": { "get": get("count", "Bảng số đếm / A table of counts", JSON, &[&count[..], &FEATURES].concat()) },
        "/query/quality": { "get": get("quality", "Chất lượng dữ liệu của các lớp / How good the layers' rows are, and how old", JSON, &quality) },
        "/query/quality/rows": { "get": get("qualityRows", "Các dòng sau một số về chất lượng / The rows behind a number of quality", GEOJSON, &quality_rows) },
        "/query/join": {
            "get": get("join", "Hai lớp theo khoảng cách / Two layers by distance", GEOJSON, &in_area),
            "post": with_body(get("joinInPolygon", "Hai lớp theo khoảng cách trong vùng / The same in a polygon", GEOJSON, &join)),
        },
        "/query/units/convert": { "get": get("convert", "Đơn vị cũ và mới / What became of a unit", JSON, &["code", "from", "to", "at", "level"]) },
    })
}

fn operation((id, summary): (&str, &str), media: &str, names: &[&str]) -> Value {
    let name = |name: &&str| json!({ "$ref": format!("#/components/parameters/query.{name}") });
    let mut names: Vec<Value> = names.iter().chain(&EVERY).map(name).collect();
    if id == "locate" || id == "nearest" || id == "around" {
        names.retain(|name| name["$ref"] != "#/components/parameters/query.at");
        names.push(json!({ "$ref": "#/components/parameters/query.place" }));
    }
    let content = json!({ media: { "schema": { "type": "object" } }, "text/csv": { "schema": { "type": "string" } } });
    let problem = json!({ "$ref": "#/components/responses/problem" });
    let mut responses = Map::from_iter([("200".to_owned(), json!({ "description": summary, "content": content }))]);
    responses.extend(["400", "404", "414", "422", "503"].map(|status| (status.to_owned(), problem.clone())));
    json!({ "operationId": id, "summary": summary, "parameters": names, "responses": responses })
}

fn with_body(mut operation: Value) -> Value {
    let schema = json!({ "type": "object", "required": ["type"], "properties": { "type": { "type": "string" } } });
    operation["requestBody"] = json!({
        "required": true,
        "description": "GeoJSON (RFC 7946): Polygon, MultiPolygon; LineString, MultiLineString with radius_m; or a Feature of one",
        "content": { GEOJSON: { "schema": schema } },
    });
    operation
}

/// The parameters of these addresses, by their names with `query.` before them.
pub fn parameters(settings: &HttpSettings) -> Map<String, Value> {
    let text = || json!({ "type": "string" });
    let date = || json!({ "type": "string", "format": "date" });
    let truth = || json!({ "type": "boolean", "default": false });
    let whole = |least: usize, most: usize| json!({ "type": "integer", "minimum": least, "maximum": most });
    let metres = json!({ "type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": settings.radius_m });
    let one_of = |words: &[&str]| json!({ "type": "string", "enum": words });
    let number = "-?[0-9]{1,3}(\\.[0-9]+)?";
    let place = || json!({ "type": "string", "pattern": format!("^{number},{number}$"), "example": "108.8,15.12" });
    let layer = || json!({ "type": "string", "pattern": LAYER_PATTERN, "example": "police.incidents" });
    let filter = || json!({ "type": "string", "minLength": 1 });
    let by = format!("Tối đa ba / Up to three of {}, or a code or boolean field's name, with commas", By::WORDS);
    let aspects: Vec<&str> = Aspect::all().map(Aspect::name).collect();
    let numeric = "Trường số, cách bằng dấu phẩy / Numeric fields, with commas";
    let list = [
        ("layer", "Lớp / Layer", layer()),
        ("of", "Số nào của /query/quality / Which number of /query/quality", one_of(&aspects)),
        ("today", "Sau ngày này là tương lai / What is later is in the future; today if left out", date()),
        ("with", "Lớp thứ hai / The layer that is counted near each feature; a feature is not near itself", layer()),
        ("at", "Điểm / Place: lon,lat", place()),
        ("radius_m", "Khoảng cách / Geodesic metres, edge included", metres),
        ("unit", "Mã đơn vị, near hoặc outside / A unit's code, or near, or outside", text()),
        ("level", "Cấp, cùng với unit / Level, beside unit", one_of(&["province", "district", "commune"])),
        ("row", "Dòng của bảng đếm / Keys of a row of /query/count, as JSON; {} for all", text()),
        ("bbox", "Khung / West, south, east, north in degrees", text()),
        ("count", "Bao nhiêu / How many", whole(1, settings.nearest)),
        ("by", by.as_str(), text()),
        ("sum", numeric, text()),
        ("avg", numeric, text()),
        ("min", numeric, text()),
        ("max", numeric, text()),
        (
            "compare",
            "So với kỳ trước hoặc năm trước / With the interval before, or a year before; needs datetime",
            one_of(&["previous", "year"]),
        ),
        (
            "links",
            "Kèm địa chỉ danh sách / Addresses of the lists behind the numbers",
            json!({ "type": "boolean", "default": true }),
        ),
        ("nearest", "Kèm đối tượng gần nhất / Tell the nearest one", truth()),
        ("at_least", "Ít nhất bao nhiêu gần / Features with at least so many near", whole(0, 1_000_000_000)),
        ("filter", "Điều kiện CQL2 / Filter", filter()),
        ("with_filter", "Điều kiện của lớp thứ hai / Filter of the second layer", filter()),
        ("filter-lang", "Ngôn ngữ của filter / Language of filters", one_of(&["cql2-text", "cql2-json"])),
        ("datetime", "Thời điểm hoặc khoảng [from, to) / Instant, date, or interval without its end", text()),
        ("with_datetime", "Thời gian của lớp thứ hai / datetime of the second layer", text()),
        ("as_of", "Ngày của đơn vị hành chính / Date of the administrative units", date()),
        ("explain", "Kèm giải thích / With the rule that decided", truth()),
        ("limit", "Số đối tượng mỗi trang / Features in a page", whole(1, settings.page)),
        ("cursor", "Trang tiếp theo / The next page, from the link next", text()),
        ("code", "Mã đơn vị / A unit's code", text()),
        ("from", "Ngày của mã / A day on which the code is in force", date()),
        ("to", "Ngày cần biết / The day whose units are asked for", date()),
        (MIN_VERSION, "Phiên bản tối thiểu / Least version", text()),
        ("f", "Dạng trả lời / Form of the answer", one_of(&["json", "geojson", "csv"])),
        ("bom", "Dấu BOM cho Excel, cùng với f=csv / Byte order mark, beside f=csv", truth()),
    ];
    let described = |name: &str, description: &str, schema: Value| {
        let required = REQUIRED.contains(&name);
        json!({ "name": name, "in": "query", "required": required, "description": description, "schema": schema })
    };
    let mut all: Map<String, Value> = list
        .into_iter()
        .map(|(name, about, schema)| (format!("query.{name}"), described(name, about, schema)))
        .collect();
    let mut required = described("at", "Điểm / Place: lon,lat", place());
    required["required"] = true.into();
    all.insert("query.place".to_owned(), required);
    let layers = "Các lớp, cách bằng dấu phẩy; tất cả nếu bỏ trống / Layers, with commas; all where left out";
    let list = format!("^{0}(,{0})*$", LAYER_PATTERN.trim_matches(['^', '$']));
    let mut layers = described("layer", layers, json!({ "type": "string", "pattern": list }));
    layers["required"] = false.into();
    all.insert("query.layers".to_owned(), layers);
    all
}
