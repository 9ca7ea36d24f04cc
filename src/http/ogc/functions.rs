//! `GET /ogc/functions`: the functions that filters may call beside CQL2's own (OGC 21-065r2, requirements class "Functions").

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::super::Shared;
use super::super::asked::Asked;
use super::super::problem::Problem;
use super::super::reply::JSON;
use super::form::{PLAIN, choose};
use super::html::{Page, both, json_reply, text};
use super::links::{link, own};
use crate::atlas::FUNCTIONS;
use crate::model::{Classification, FieldType};

/// `GET /ogc/functions`.
pub async fn functions(State(_): State<Shared>, asked: Asked) -> Result<Response, Problem> {
    let params = asked.params(&["f"])?;
    let form = choose(&asked, &params, &PLAIN)?;
    let mut links = own(&asked, &params, &PLAIN, form);
    links.push(link("root", JSON, "Trang đầu / Landing page", asked.url("/ogc")));
    if form.is_page() {
        let mut page = Page::new("Hàm trong bộ lọc", "Functions in filters").under("/ogc?f=html", "OGC API");
        let rows = FUNCTIONS.iter().map(|function| {
            let call = format!("{}({})", function.name, types(function.takes).join(" | "));
            vec![
                format!("<code>{}</code>", text(&call)),
                types(function.gives).join(" | "),
                both(function.vi, function.en),
            ]
        });
        let rows: Vec<Vec<String>> = rows.collect();
        let head = [both("Hàm", "Function"), both("Kết quả", "Result"), both("Nội dung", "What")];
        page.table(&head, &rows).links(&links);
        return Ok(page.reply(Classification::Public).to(&asked));
    }
    let functions: Vec<Value> = FUNCTIONS
        .iter()
        .map(|function| {
            json!({
                "name": function.name,
                "description": format!("{} / {}", function.vi, function.en),
                "arguments": [{ "type": types(function.takes) }],
                "returns": types(function.gives),
            })
        })
        .collect();
    let document = json!({ "functions": functions, "links": links });
    Ok(json_reply(JSON, &document, Classification::Public)?.to(&asked))
}

/// The standard's names of types: it has one for dates and timestamps.
fn types(kinds: &[FieldType]) -> Vec<&'static str> {
    let name = |kind: &FieldType| match kind {
        FieldType::Text | FieldType::Code => "string",
        FieldType::Integer => "integer",
        FieldType::Real => "number",
        FieldType::Boolean => "boolean",
        FieldType::Date | FieldType::Timestamp => "datetime",
    };
    let mut names: Vec<_> = kinds.iter().map(name).collect();
    names.dedup();
    names
}
