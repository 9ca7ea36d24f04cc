//! The addresses beside `/ogc` and `/query` in the API's description: tiles, the map as data, search, files in, the history, events,
//! and the service itself.

use serde_json::{Map, Value, json};

use super::super::min_version::MIN_VERSION;
use super::super::query::api::LAYER_PATTERN;
use super::super::reply::{CSV, GEOJSON, JSON};
use super::super::settings::HttpSettings;
use super::super::tiles::MVT;
use crate::model::MAX_ZOOM;

const NDJSON: &str = "application/x-ndjson";
/// Parameters of an import that say how its file is read, as a mapping does.
const READING: [(&str, &str); 10] = [
    ("crs", "Hệ toạ độ / Reference system, such as EPSG:9216"),
    ("xy", "Thứ tự hai số / Order of the two numbers: east-north or north-east"),
    ("x", "Cột kinh độ hoặc hoành độ / Column of longitude or easting"),
    ("y", "Cột vĩ độ hoặc tung độ / Column of latitude or northing"),
    ("encoding", "Bảng mã / Encoding of text"),
    ("delimiter", "Dấu phân cách / Delimiter of columns"),
    ("sheet", "Trang tính / Sheet of a workbook"),
    ("table", "Bảng / Table of a GeoPackage"),
    ("decimal", "Dấu thập phân / Decimal sign: point, comma"),
    ("dates", "Thứ tự ngày tháng / Order of dates: day-first, month-first"),
];

/// The addresses.
pub fn paths(settings: &HttpSettings) -> Value {
    let tile_parameters = || {
        vec![
            query("filter", "Điều kiện CQL2 / Filter", &json!({ "type": "string", "minLength": 1 })),
            one_of("filter-lang", "Ngôn ngữ của filter / Language of filter", &["cql2-text", "cql2-json"]),
            text("datetime", "Thời điểm hoặc khoảng [from, to) / Instant, date, or interval without its end"),
            date("as_of", "Ngày của đơn vị hành chính / Date of the administrative units"),
            text("count", "Đếm đối tượng của lớp vào đơn vị / Layer whose features are counted into each unit"),
            one_of("dense", "Ô dày: đếm theo ô lưới hoặc mọi điểm / What a dense tile holds", &["cells", "all"]),
            text("fields", "Các trường / Names of the properties, with commas"),
            text(MIN_VERSION, "Phiên bản tối thiểu / Least version"),
        ]
    };
    let layers = || path("layers", &json!({ "type": "string", "example": "police.incidents,units.commune" }));
    let whole = |most: Option<u8>| match most {
        Some(most) => json!({ "type": "integer", "minimum": 0, "maximum": most }),
        None => json!({ "type": "integer", "minimum": 0, "maximum": (1_u32 << MAX_ZOOM) - 1 }),
    };
    let mut of_tile =
        vec![layers(), path("z", &whole(Some(MAX_ZOOM))), path("x", &whole(None)), path("y", &whole(None))];
    of_tile.extend(tile_parameters());
    let mut of_tilejson = vec![layers()];
    of_tilejson.extend(tile_parameters());
    let mut tile = get("mapTile", "Ô bản đồ (MVT 2.1) / A tile", MVT, &of_tile);
    tile["responses"]["200"]["content"] = binary(MVT);
    tile["responses"]["204"] = json!({ "description": "Ô trống / Empty tile" });
    let mut paths = json!({
        "/tiles": { "get": get("mapTilesets", "Các bộ ô / Tilesets", JSON, &[]) },
        "/tiles/{layers}": { "get": get("tileJson", "TileJSON 3.0", JSON, &of_tilejson) },
        "/tiles/{layers}/{z}/{x}/{y}": { "get": tile },
        "/style.json": { "get": get("style", "Kiểu MapLibre / MapLibre style", JSON, &[date("as_of", "Ngày của đơn vị / Date of the units")]) },
        "/layers": { "get": get("layers", "Danh mục lớp, có dấu lớp chưa đọc được / The catalogue; layers that lag are marked", JSON, &[]) },
        "/search": { "get": search() },
        "/import": { "post": import() },
        "/events": { "get": events() },
    });
    if let Some(paths) = paths.as_object_mut() {
        paths.extend(batches(settings));
        paths.extend(service());
    }
    paths
}

fn search() -> Value {
    let parameters = [
        required(text("q", "Tên hoặc mã, có dấu hay không / Name or code, with accents or without")),
        whole("limit", "Số kết quả / How many", 1, 100),
        text("layer", "Tìm ở đâu / Where: units, units.commune, ids of layers, with commas"),
        text("at", "Gần nơi nào / Near which place: lon,lat"),
        date("as_of", "Ngày của đơn vị hành chính / Date of the administrative units"),
        text(MIN_VERSION, "Phiên bản tối thiểu / Least version"),
        one_of("f", "Dạng trả lời / Form of the answer", &["json", "geojson", "csv"]),
        truth("bom", "Dấu BOM cho Excel, cùng với f=csv / Byte order mark, beside f=csv"),
    ];
    let mut search =
        get("search", "Tìm đơn vị và đối tượng theo tên / Units and features by name", GEOJSON, &parameters);
    search["responses"]["200"]["content"][CSV] = json!({ "schema": { "type": "string" } });
    search
}

fn import() -> Value {
    let mut parameters = vec![
        required(layer("Vào lớp nào / Into which layer")),
        text("name", "Tên tệp, khi nội dung là chính tệp / The file's name, where the body is the file itself"),
        truth("dry_run", "Chỉ xem / Look only, and write nothing"),
        truth("strict", "Từ chối cả tệp khi có lỗi / Refuse the file for any finding"),
        truth("sure", "Toạ độ đúng như đã ghi / The positions are as they are said to be"),
        one_of("f", "Báo cáo hay các dòng bị loại / The report, or the rows left out", &["json", "rejects"]),
        whole("header_row", "Dòng tiêu đề / Row of the columns' names", 1, 1 << 20),
    ];
    parameters.extend(READING.map(|(name, about)| text(name, about)));
    let form = json!({
        "type": "object", "required": ["file"],
        "properties": {
            "file": { "type": "string", "format": "binary" },
            "mapping": { "type": "string", "description": "TOML, or JSON of the same shape" },
        },
        "additionalProperties": false,
    });
    let told = json!({
        JSON: { "schema": { "type": "object" } },
        NDJSON: { "schema": { "type": "string" } },
        CSV: { "schema": { "type": "string" } },
    });
    let mut operation = get("importFile", "Nhập tệp vào lớp / A file into a layer", JSON, &parameters);
    operation["requestBody"] = json!({
        "required": true,
        "content": {
            "multipart/form-data": { "schema": form },
            "application/octet-stream": { "schema": { "type": "string", "format": "binary" } },
        },
    });
    operation["responses"]["200"]["content"] = told.clone();
    let mut refused = told;
    refused["application/problem+json"] = json!({ "schema": { "$ref": "#/components/schemas/problem" } });
    operation["responses"]["422"] = json!({
        "description": "Không nhập gì / Nothing was written: the report says why, or the file cannot be read", "content": refused,
    });
    refuses(&mut operation, &["403", "405", "408", "409", "413", "415"]);
    operation
}

fn batches(settings: &HttpSettings) -> Map<String, Value> {
    let number = json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": i64::MAX });
    let page = [
        layer("Lớp / Layer"),
        whole("limit", "Số lần ghi mỗi trang / Batches in a page", 1, settings.page),
        query("before", "Trước số này / Those before this number", &number),
    ];
    let one = [path("batch", &number)];
    let schema = json!({ "$ref": "#/components/schemas/batch" });
    let mut list = get("batches", "Ai đã ghi gì / Who wrote what, newest first", JSON, &page);
    list["responses"]["200"]["content"][JSON]["schema"] = json!({
        "type": "object", "required": ["batches"], "properties": { "batches": { "type": "array", "items": schema } },
    });
    let mut batch =
        get("batch", "Một lần ghi, với các dòng trước đó / A batch, with its rows as they were before", JSON, &one);
    let mut undo = get("undoBatch", "Hoàn tác / Undoes it, and gives the batch that did", JSON, &one);
    for operation in [&mut batch, &mut undo] {
        operation["responses"]["200"]["content"][JSON]["schema"] = schema.clone();
    }
    refuses(&mut undo, &["405", "409"]);
    for operation in [&mut list, &mut batch, &mut undo] {
        refuses(operation, &["403"]);
    }
    Map::from_iter([
        ("/batches".to_owned(), json!({ "get": list })),
        ("/batches/{batch}".to_owned(), json!({ "get": batch })),
        ("/batches/{batch}/undo".to_owned(), json!({ "post": undo })),
    ])
}

/// The schema of a batch.
pub fn batch_schema() -> Value {
    let whole = || json!({ "type": "integer", "minimum": 0 });
    let maybe = || json!({ "type": "integer", "minimum": 0, "nullable": true });
    json!({
        "type": "object",
        "required": ["id", "layer", "kind", "who", "source", "at", "added", "changed", "removed", "unchanged", "version"],
        "properties": {
            "id": whole(), "layer": { "type": "string" }, "kind": { "type": "string", "enum": ["import", "edit", "undo"] },
            "who": { "type": "string" }, "source": { "type": "array", "items": { "type": "string" } },
            "at": { "type": "string", "format": "date-time" },
            "added": whole(), "changed": whole(), "removed": whole(), "unchanged": whole(), "version": whole(),
            "undoes": maybe(), "undone_by": maybe(),
            "rows": { "type": "array", "items": { "type": "object" } },
        },
    })
}

fn events() -> Value {
    let mut last = text("Last-Event-ID", "Mã sự kiện cuối đã nhận / Id of the last event that was received");
    last["in"] = "header".into();
    let parameters = [text("layers", "Các lớp / Ids of layers, units among them, with commas"), last];
    get(
        "events",
        "Thay đổi khi xảy ra, và lớp chưa đọc được / Changes as they are shown, and which layers lag (server-sent events)",
        "text/event-stream",
        &parameters,
    )
}

fn service() -> [(String, Value); 3] {
    let plain = |id: &str, summary: &str, media: &str| json!({ "get": get(id, summary, media, &[]) });
    [
        ("/health".to_owned(), plain("health", "Tiến trình đang chạy / The process runs", JSON)),
        (
            "/ready".to_owned(),
            plain("ready", "Sẵn sàng / The store answers; layers that cannot be read are named", JSON),
        ),
        ("/metrics".to_owned(), plain("metrics", "Số đo cho Prometheus / Numbers for Prometheus", "text/plain")),
    ]
}

fn get(id: &str, summary: &str, media: &str, parameters: &[Value]) -> Value {
    let kind = if media == JSON || media == GEOJSON { "object" } else { "string" };
    let mut operation = json!({
        "operationId": id, "summary": summary, "parameters": parameters,
        "responses": { "200": { "description": summary, "content": { media: { "schema": { "type": kind } } } } },
    });
    refuses(&mut operation, &["400", "404", "406", "414", "503"]);
    operation
}

fn refuses(operation: &mut Value, statuses: &[&str]) {
    for status in statuses {
        operation["responses"][*status] = json!({ "$ref": "#/components/responses/problem" });
    }
}

fn binary(media: &str) -> Value {
    json!({ media: { "schema": { "type": "string", "format": "binary" } } })
}

fn path(name: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": schema })
}

fn query(name: &str, about: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "required": false, "description": about, "schema": schema })
}

fn text(name: &str, about: &str) -> Value {
    query(name, about, &json!({ "type": "string" }))
}

fn layer(about: &str) -> Value {
    query("layer", about, &json!({ "type": "string", "pattern": LAYER_PATTERN, "example": "police.incidents" }))
}

fn date(name: &str, about: &str) -> Value {
    query(name, about, &json!({ "type": "string", "format": "date" }))
}

fn truth(name: &str, about: &str) -> Value {
    query(name, about, &json!({ "type": "boolean", "default": false }))
}

fn one_of(name: &str, about: &str, words: &[&str]) -> Value {
    query(name, about, &json!({ "type": "string", "enum": words }))
}

fn whole(name: &str, about: &str, least: usize, most: usize) -> Value {
    query(name, about, &json!({ "type": "integer", "minimum": least, "maximum": most }))
}

fn required(mut parameter: Value) -> Value {
    parameter["required"] = true.into();
    parameter
}
