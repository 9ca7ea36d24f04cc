//! Pages for people, Vietnamese first. They need no script, and their one style sheet comes from this server.

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, VARY};
use axum::response::Response;
use serde_json::Value;

use super::super::asked::Asked;
use super::super::problem::Problem;
use super::super::reply::{Reply, VARY_ON_FORM};
use super::form::HTML;
use crate::model::{Classification, Title};

/// Nothing but the style sheet.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem}
nav a::after{content:' › '}
h1,h2{line-height:1.25}
h1 small,span[lang=en]{font-weight:normal;opacity:.75}
table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #8886}
code{overflow-wrap:anywhere}
";

/// Text as it stands in a page.
pub fn text(raw: &str) -> String {
    let mut safe = String::with_capacity(raw.len());
    for character in raw.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Both languages of a title.
pub fn both(vi: &str, en: &str) -> String {
    if vi == en { text(vi) } else { format!("{} <span lang=\"en\">{}</span>", text(vi), text(en)) }
}

/// A JSON value as a table's cell.
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(word) if word.starts_with("http://") || word.starts_with("https://") => {
            format!("<code>{}</code>", text(word))
        }
        Value::String(word) => text(word),
        Value::Array(items) if items.iter().all(|item| !item.is_array()) => {
            items.iter().map(cell).collect::<Vec<_>>().join("<br>")
        }
        Value::Array(items) => items.iter().map(|item| text(&item.to_string())).collect::<Vec<_>>().join("<br>"),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| format!("{}: {}", text(name), cell(value));
            members.iter().map(member).collect::<Vec<_>>().join("<br>")
        }
        other => text(&other.to_string()),
    }
}

/// A link.
pub fn anchor(href: &str, label: &str) -> String {
    format!("<a href=\"{}\">{label}</a>", text(href))
}

/// A page in the making.
pub struct Page {
    title: Title,
    crumbs: Vec<(String, String)>,
    body: String,
}

impl Page {
    /// A page with a title.
    pub fn new(vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { title: Title { vi: vi.into(), en: en.into() }, crumbs: Vec::new(), body: String::new() }
    }

    /// A page above this one.
    #[must_use]
    pub fn under(mut self, href: impl Into<String>, label: &str) -> Self {
        self.crumbs.push((href.into(), text(label)));
        self
    }

    /// A piece of the body, safe as it stands.
    pub fn add(&mut self, html: &str) -> &mut Self {
        self.body.push_str(html);
        self.body.push('\n');
        self
    }

    /// A heading.
    pub fn heading(&mut self, vi: &str, en: &str) -> &mut Self {
        let html = format!("<h2>{}</h2>", both(vi, en));
        self.add(&html)
    }

    /// A table of cells that are safe as they stand.
    pub fn table(&mut self, head: &[String], rows: &[Vec<String>]) -> &mut Self {
        let mut html = String::from("<table>");
        if !head.is_empty() {
            html.push_str("<thead><tr>");
            html.push_str("<th scope=\"col\">");
            html.push_str(&head.join("<th scope=\"col\">"));
            html.push_str("</thead>");
        }
        html.push_str("<tbody>");
        for row in rows {
            html.push_str("<tr>");
            for cell in row {
                html.push_str("<td>");
                html.push_str(cell);
            }
            html.push('\n');
        }
        html.push_str("</tbody></table>");
        self.add(&html)
    }

    /// The links of the resource, all of them.
    pub fn links(&mut self, links: &[Value]) -> &mut Self {
        self.heading("Liên kết", "Links");
        let rows: Vec<Vec<String>> = links
            .iter()
            .map(|link| {
                let part = |name: &str| link.get(name).and_then(Value::as_str).unwrap_or("");
                // A template is no address.
                let label = if link.get("templated").is_some() {
                    format!("<code>{}</code>", text(part("href")))
                } else {
                    anchor(part("href"), &text(part("title")))
                };
                vec![label, text(part("rel")), text(part("type"))]
            })
            .collect();
        self.table(&[], &rows)
    }

    /// The answer.
    pub fn reply(self, classification: Classification) -> Reply {
        let Self { title, crumbs, body } = self;
        let nav: String = crumbs.iter().map(|(href, label)| anchor(href, label)).collect();
        let page = format!(
            "<!doctype html>\n<html lang=\"vi\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{plain}</title>\
             <link rel=\"stylesheet\" href=\"/ogc/style.css\"></head>\n<body><nav>{nav}</nav>\n<main><h1>{heading}</h1>\n\
             {body}</main></body></html>\n",
            plain = text(&title.vi),
            heading = both(&title.vi, &title.en),
        );
        Reply::new(HTML, page.into_bytes(), classification)
            .header(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY))
            .header(VARY, HeaderValue::from_static(VARY_ON_FORM))
    }
}

/// A document in JSON of a type, one of several forms.
pub fn json_reply(media: &'static str, document: &Value, classification: Classification) -> Result<Reply, Problem> {
    let reply = Reply::new(media, super::super::reply::to_json(document)?, classification);
    Ok(reply.header(VARY, HeaderValue::from_static(VARY_ON_FORM)))
}

/// `GET /ogc/style.css`.
pub async fn style(asked: Asked) -> Result<Response, Problem> {
    asked.params(&[])?;
    Ok(Reply::new("text/css; charset=utf-8", STYLE.into(), Classification::Public).to(&asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        assert_eq!(text("<a href='\"'>&"), "&lt;a href=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(both("Đồn", "<b>"), "Đồn <span lang=\"en\">&lt;b&gt;</span>");
    }
}
