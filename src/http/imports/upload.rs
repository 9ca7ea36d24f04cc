//! What a caller sends: received into a file of its own, whatever its size, and gone when the import is.

use std::path::PathBuf;
use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::super::HttpSettings;
use super::super::problem::{Kind, Problem};
use crate::import::{ImportError, MAX_MAPPING_BYTES};
use crate::model::Invalid;

/// Longest name of a file, bytes; the end counts, which has the format.
const MAX_NAME_BYTES: usize = 100;

/// A file that was sent.
pub struct Upload {
    directory: TempDir,
    /// Where it is.
    pub file: PathBuf,
    /// How it is to be read, as TOML or JSON.
    pub mapping: Option<String>,
}

impl Upload {
    /// Receives the body of a request: a form, or the file itself.
    pub async fn receive(request: Request, name: Option<&str>, settings: &HttpSettings) -> Result<Self, Problem> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let is_form = content_type.trim_start().to_ascii_lowercase().starts_with("multipart/form-data");
        let directory = tempfile::Builder::new().prefix("bandoso-import-").tempdir().map_err(|error| lost(&error))?;
        let mut receiving = Receiving { directory, left: settings.import_bytes, settings };
        if !is_form {
            let name = name.ok_or_else(|| {
                Problem::of(
                    Kind::InvalidParameter,
                    "name",
                    "expected the file's name, such as incidents.csv, or a form",
                )
            })?;
            let file = receiving.save(name, &mut Chunks::Body(request.into_body().into_data_stream())).await?;
            return Ok(Self { directory: receiving.directory, file, mapping: None });
        }
        let mut form = Multipart::from_request(request, &())
            .await
            .map_err(|rejection| Problem::of(Kind::MalformedBody, "body", rejection.body_text()))?;
        let (mut file, mut mapping) = (None, None);
        while let Some(part) = receiving.soon(form.next_field()).await?.map_err(|error| malformed(&error))? {
            match part.name() {
                Some("file") if file.is_none() => {
                    let own = part.file_name().map(str::to_owned);
                    let name = name.or(own.as_deref()).unwrap_or_default().to_owned();
                    file = Some(receiving.save(&name, &mut Chunks::Part(Box::new(part))).await?);
                }
                Some("mapping") if mapping.is_none() => mapping = Some(receiving.text(part).await?),
                other => {
                    let detail = format!("expected one part called file and one called mapping, found {other:?}");
                    return Err(Problem::of(Kind::MalformedBody, "body", detail));
                }
            }
        }
        let file = file.ok_or_else(|| Problem::of(Kind::MalformedBody, "body", "expected a part called file"))?;
        Ok(Self { directory: receiving.directory, file, mapping })
    }

    /// Where the rows that are left out may be collected.
    pub fn rejects(&self) -> PathBuf {
        self.directory.path().join("rejects")
    }

    /// A text that calls the file as the caller does, and says nothing of where it lies here.
    pub fn named(&self, text: &str) -> String {
        text.replace(&format!("{}{}", self.directory.path().display(), std::path::MAIN_SEPARATOR), "")
    }

    /// The same of a report.
    pub fn named_report(&self, report: Json) -> Json {
        match report {
            Json::String(text) => Json::String(self.named(&text)),
            Json::Array(items) => items.into_iter().map(|item| self.named_report(item)).collect(),
            Json::Object(members) => {
                members.into_iter().map(|(name, value)| (name, self.named_report(value))).collect()
            }
            other => other,
        }
    }

    /// The same of a fault.
    pub fn named_error(&self, error: ImportError) -> ImportError {
        match error {
            ImportError::Invalid(Invalid { parameter, expected }) => {
                ImportError::Invalid(Invalid { parameter, expected: self.named(&expected) })
            }
            ImportError::Unreadable { file, line, cause } => {
                ImportError::Unreadable { file: self.named(&file), line, cause: self.named(&cause) }
            }
            other => other,
        }
    }
}

/// The bytes of a file as they come.
enum Chunks<'a> {
    Body(BodyDataStream),
    Part(Box<Field<'a>>),
}

impl Chunks<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        match self {
            Self::Body(stream) => {
                stream.next().await.transpose().map_err(|_| Problem::of(Kind::MalformedBody, "body", "it ended early"))
            }
            Self::Part(field) => field.chunk().await.map_err(|error| malformed(&error)),
        }
    }
}

struct Receiving<'s> {
    directory: TempDir,
    /// Bytes that may still come.
    left: u64,
    settings: &'s HttpSettings,
}

impl Receiving<'_> {
    async fn save(&mut self, name: &str, chunks: &mut Chunks<'_>) -> Result<PathBuf, Problem> {
        let path = self.directory.path().join(plain_name(name));
        let mut file = File::create(&path).await.map_err(|error| lost(&error))?;
        while let Some(chunk) = self.soon(chunks.next()).await?? {
            self.left = self.left.checked_sub(chunk.len() as u64).ok_or_else(|| self.too_large())?;
            file.write_all(&chunk).await.map_err(|error| lost(&error))?;
        }
        file.flush().await.map_err(|error| lost(&error))?;
        Ok(path)
    }

    async fn text(&self, mut part: Field<'_>) -> Result<String, Problem> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.soon(part.chunk()).await?.map_err(|error| malformed(&error))? {
            if bytes.len() + chunk.len() > MAX_MAPPING_BYTES {
                let detail = format!("expected a mapping of at most {MAX_MAPPING_BYTES} bytes");
                return Err(Problem::of(Kind::BodyTooLarge, "mapping", detail));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| Problem::of(Kind::MalformedBody, "mapping", "expected UTF-8"))
    }

    /// A caller who sends nothing for long is given up: he keeps others from importing.
    async fn soon<T>(&self, coming: impl Future<Output = T>) -> Result<T, Problem> {
        let patience: Duration = self.settings.head_timeout;
        tokio::time::timeout(patience, coming).await.map_err(|_| {
            Problem::of(Kind::MalformedBody, "body", format!("nothing came for {} ms", patience.as_millis()))
        })
    }

    fn too_large(&self) -> Problem {
        let detail = format!(
            "expected a file of at most {} bytes; larger ones go in with `bandoso import`",
            self.settings.import_bytes
        );
        Problem::of(Kind::BodyTooLarge, "file", detail)
    }
}

/// A file's name without any path: what it ends with may tell its format.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String =
        last.chars().map(|c| if c.is_alphanumeric() || "-_. ()".contains(c) { c } else { '_' }).collect();
    let from = plain.char_indices().map(|(at, _)| at).find(|at| plain.len() - at <= MAX_NAME_BYTES).unwrap_or(0);
    let plain = plain.get(from..).unwrap_or_default().trim_start_matches('.');
    if plain.is_empty() { "file".to_owned() } else { plain.to_owned() }
}

fn malformed(error: &axum::extract::multipart::MultipartError) -> Problem {
    Problem::of(Kind::MalformedBody, "body", error.body_text())
}

fn lost(error: &std::io::Error) -> Problem {
    Problem::internal(format!("receiving a file: {error}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_sent_file_stays_in_its_own_folder_whatever_it_is_called() {
        for (name, plain) in [
            ("vụ việc 2025.xlsx", "vụ việc 2025.xlsx"),
            ("../../etc/passwd", "passwd"),
            ("C:\\a\\b.csv", "b.csv"),
            ("..", "file"),
            ("", "file"),
            ("a\0b\n.csv", "a_b_.csv"),
        ] {
            assert_eq!(plain_name(name), plain, "{name:?}");
        }
        let long = plain_name(&format!("{}.csv", "ă".repeat(500)));
        assert!(long.len() <= MAX_NAME_BYTES && Path::new(&long).extension().is_some_and(|end| end == "csv"));
    }
}
