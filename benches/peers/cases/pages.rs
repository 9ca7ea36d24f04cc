//! Pages of features, filters that no index answers, and names, over HTTP by one core, beside the same questions to PostGIS.

use std::time::Instant;

use super::queries::{Asked, asked, timed};
use super::shown;
use crate::Bench;
use crate::data::{LAYER, connect};
use crate::report::{Figure, Goal, Row};
use crate::servers::{Cores, Server};

/// A question: what it is called, its address, the same in SQL with the number of matches in its first column, most milliseconds.
struct Question {
    what: &'static str,
    path: &'static str,
    sql: Option<&'static str>,
    most_ms: f64,
}

/// `{items}` and the like stand for the addresses of the layer.
const QUESTIONS: [Question; 7] = [
    Question {
        what: "page of 1,000 features in a box, GeoJSON",
        path: "{items}?bbox=108.7,15.0,108.95,15.2&limit=1000",
        sql: Some(
            "SELECT count(*) OVER (), to_jsonb(p) FROM bench.points p
             WHERE ST_Intersects(geom, ST_MakeEnvelope(108.7, 15.0, 108.95, 15.2, 4326)) ORDER BY id LIMIT 1000",
        ),
        most_ms: 2.0,
    },
    Question {
        what: "total of a commune and its first feature",
        path: "{within}&unit=21025&as_of=2026-01-01&limit=1",
        sql: Some(
            "SELECT count(*) FROM bench.points p JOIN bench.communes c ON ST_Covers(c.geom, p.geom) WHERE c.code = '21025'",
        ),
        most_ms: 5.0,
    },
    Question {
        what: "total of a polygon and its first feature",
        path: "{items}?limit=1&filter=S_INTERSECTS(geom,POLYGON((108.75%2015.05,108.9%2015.0,108.95%2015.2,108.8%2015.25,108.75%2015.05)))",
        sql: Some(
            "SELECT count(*) FROM bench.points WHERE ST_Intersects(geom, 'SRID=4326;
             POLYGON((108.75 15.05,108.9 15.0,108.95 15.2,108.8 15.25,108.75 15.05))'::geometry)",
        ),
        most_ms: 5.0,
    },
    Question {
        what: "filter by calculated numbers",
        path: "{items}?limit=10&filter=damage_vnd*2%3E150000000",
        sql: Some("SELECT count(*) FROM bench.points WHERE damage_vnd * 2 > 150000000"),
        most_ms: 30.0,
    },
    Question {
        what: "filter by a piece of the title",
        path: "{items}?limit=10&filter=title%20LIKE%20'%2599%25'",
        sql: Some("SELECT count(*) FROM bench.points WHERE title LIKE '%99%'"),
        most_ms: 30.0,
    },
    Question {
        what: "filter by a piece of the title without case and accents",
        path: "{items}?limit=10&filter=ACCENTI(CASEI(title))%20LIKE%20ACCENTI(CASEI('%25chay%25'))",
        sql: None,
        most_ms: 30.0,
    },
    Question { what: "names with two words", path: "/search?q=chay%20nha", sql: None, most_ms: 20.0 },
];

/// All questions about so many points.
pub fn run(bench: &mut Bench, points: u64) {
    let url = bench.runtime.block_on(bench.data.database(points));
    let mut server = bench.places.bandoso(&url, 0, Cores::One);
    server.wait_for(&format!("/tiles/{LAYER}/14/13143/7500"), Instant::now());
    let database = bench.runtime.block_on(connect(&url));
    for question in QUESTIONS {
        ask(bench, points, (&server, &database), &question);
    }
}

fn ask(bench: &mut Bench, points: u64, (server, database): (&Server, &tokio_postgres::Client), question: &Question) {
    let path = question.path.replace("{items}", &format!("/ogc/collections/{LAYER}/items"));
    let path = path.replace("{within}", &format!("/query/within?layer={LAYER}"));
    let Asked { ms: ours, cpu_ms, body: answer } = asked(bench, server, &path);
    let matched = answer["numberMatched"].as_i64();
    let mut peer: Option<Figure> = None;
    if let Some(sql) = question.sql {
        let (figure, rows) = bench.runtime.block_on(timed(database, sql, None, 3));
        assert_eq!(matched, rows.first().map(|row| row.get(0)), "{}: as many as PostGIS finds", question.what);
        peer = Some(figure);
    }
    let matched = matched.map_or_else(String::new, |matched| format!("{matched} match; "));
    bench.report.add(Row {
        what: format!("{}, {}, one core", shown(points), question.what),
        unit: "ms",
        ours,
        peer,
        goal: if points == 1_000_000 { Goal::AtMost(question.most_ms) } else { Goal::Told },
        note: format!("CPU {cpu_ms:.2} ms; {matched}over HTTP; PostGIS prepared, without a process beside it"),
    });
}
