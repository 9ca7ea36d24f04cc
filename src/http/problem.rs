//! What went wrong, on the wire (RFC 9457). The one file that knows status codes of failure.

use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::atlas::AtlasError;
use crate::model::Invalid;
use crate::store::Refusal;

/// When to come back, in milliseconds: [`RETRY_AFTER`] knows whole seconds only, and a map can try again much sooner.
pub const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// What is said of a write that could not be made for others, another program or another import here.
pub const IN_USE: &str = "others are writing to the store and have not finished; nothing was written: try again";

/// The kinds of problem. Programs match on the names that end their `type`: rename none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A parameter, path segment or header that cannot be used.
    InvalidParameter,
    /// A body that is not what the address reads.
    MalformedBody,
    /// The caller's `Host` is not one that this server answers to.
    ForbiddenHost,
    /// Nothing has this name, or not for this caller.
    NotFound,
    /// The address exists, the method does not.
    MethodNotAllowed,
    /// No encoding of the answer is acceptable to the caller.
    NotAcceptable,
    /// The body exceeds the server's bound.
    BodyTooLarge,
    /// The answer would exceed the server's bound.
    AnswerTooLarge,
    /// Path and query exceed the server's bound.
    UriTooLong,
    /// The body has an encoding that is not read.
    UnsupportedBody,
    /// The body is GeoJSON, its geometry is not one to ask with.
    InvalidGeometry,
    /// The caller may not change anything here.
    ForbiddenWrite,
    /// What is written belongs to somebody else, who alone changes it.
    ReadOnly,
    /// What is sent does not go together with what is there.
    Conflict,
    /// What is to be changed is not what the caller took it for.
    PreconditionFailed,
    /// The body is a feature, but none that the layer can have.
    InvalidFeature,
    /// The file cannot be read as a file of features.
    UnreadableFile,
    /// A fault of the server's own.
    Internal,
    /// What the answer needs is away for now.
    Unavailable,
    /// This node does not show the version yet that the caller asks for at least.
    Behind,
    /// More is asked at once than the server does.
    Overloaded,
    /// The answer was not there in the time that one may take.
    TooLong,
}

impl Kind {
    /// The status, the stable name, and the title in Vietnamese and English.
    fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::InvalidParameter => {
                (StatusCode::BAD_REQUEST, "invalid-parameter", "Tham số không hợp lệ / Invalid parameter")
            }
            Self::MalformedBody => {
                (StatusCode::BAD_REQUEST, "malformed-body", "Nội dung gửi không đọc được / Malformed body")
            }
            Self::ForbiddenHost => {
                (StatusCode::FORBIDDEN, "forbidden-host", "Tên máy chủ không được phép / Host not allowed")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Không tìm thấy / Not found"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "Phương thức không được hỗ trợ / Method not allowed",
            ),
            Self::NotAcceptable => {
                (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Không có dạng trả lời phù hợp / Not acceptable")
            }
            Self::BodyTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "Nội dung gửi quá lớn / Body too large")
            }
            Self::AnswerTooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, "answer-too-large", "Trả lời quá lớn / Answer too large")
            }
            Self::UriTooLong => (StatusCode::URI_TOO_LONG, "uri-too-long", "Địa chỉ quá dài / Address too long"),
            Self::UnsupportedBody => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-body",
                "Dạng nội dung không được hỗ trợ / Unsupported body",
            ),
            Self::InvalidGeometry => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid-geometry", "Hình học không hợp lệ / Invalid geometry")
            }
            Self::ForbiddenWrite => {
                (StatusCode::FORBIDDEN, "forbidden-write", "Không được phép ghi / Writing not allowed")
            }
            Self::ReadOnly => (StatusCode::METHOD_NOT_ALLOWED, "read-only", "Lớp chỉ đọc / Read-only"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Xung đột với dữ liệu đã có / Conflict"),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "precondition-failed", "Dữ liệu đã bị thay đổi / Changed meanwhile")
            }
            Self::InvalidFeature => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid-feature", "Đối tượng không hợp lệ / Invalid feature")
            }
            Self::UnreadableFile => {
                (StatusCode::UNPROCESSABLE_ENTITY, "unreadable-file", "Tệp không đọc được / Unreadable file")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Lỗi máy chủ / Internal error"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Tạm thời không phục vụ được / Unavailable for now")
            }
            Self::Behind => (
                StatusCode::SERVICE_UNAVAILABLE,
                "version-not-reached",
                "Chưa có phiên bản này / Version not reached yet",
            ),
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Máy chủ đang quá tải / Overloaded"),
            Self::TooLong => (
                StatusCode::SERVICE_UNAVAILABLE,
                "question-too-long",
                "Câu hỏi mất quá lâu / The question took too long",
            ),
        }
    }

    /// The status code.
    pub fn status(self) -> StatusCode {
        self.row().0
    }
}

/// A refusal or a failure. It travels as an extension of an empty response until `observe` writes the document, which names
/// the request.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    detail: String,
    parameter: Option<String>,
    retry_after_ms: Option<u64>,
    /// For the log only.
    cause: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    /// `Retry-After` knows whole seconds only.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl Problem {
    /// A problem with a sentence for people.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), parameter: None, retry_after_ms: None, cause: None }
    }

    /// Names the parameter, path segment, header or member at fault.
    pub fn of(kind: Kind, parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { parameter: Some(parameter.into()), ..Self::new(kind, detail) }
    }

    /// A layer that does not exist, or not for this caller: the two are not told apart.
    pub fn unknown_layer(parameter: &str, id: &str) -> Self {
        Self::of(Kind::NotFound, parameter, format!("a layer that exists; none is called {id:?}, see /layers"))
    }

    /// Why a layer that a parameter names gives no answer.
    pub fn of_layer(parameter: &str, error: AtlasError) -> Self {
        match error {
            AtlasError::UnknownLayer(id) => Self::unknown_layer(parameter, &id),
            other => other.into(),
        }
    }

    /// A fault of the server's own: the cause goes into the log, nothing of it outside.
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "the server failed to answer; its log has the reason under this request's id";
        Self { cause: Some(cause.into()), ..Self::new(Kind::Internal, detail) }
    }

    /// Asks the caller to come back after a while.
    pub fn retry(kind: Kind, retry_after_ms: u64, detail: impl Into<String>) -> Self {
        Self { retry_after_ms: Some(retry_after_ms), ..Self::new(kind, detail) }
    }

    /// The cause, for the log.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The parameter at fault.
    pub fn parameter(&self) -> Option<&str> {
        self.parameter.as_deref()
    }

    /// The kind.
    #[cfg(test)]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the document says, where it is a part of an answer that has begun.
    pub fn told(&self) -> serde_json::Value {
        let (status, name, title) = self.kind.row();
        serde_json::json!({
            "type": format!("urn:problem-type:bandoso:{name}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail,
            "parameter": self.parameter,
        })
    }

    /// The document about the request with this id (a UUID).
    pub fn document(&self, request_id: &str) -> Vec<u8> {
        let (status, name, title) = self.kind.row();
        let document = Document {
            r#type: format!("urn:problem-type:bandoso:{name}"),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            instance: format!("urn:uuid:{request_id}"),
            parameter: self.parameter.as_deref(),
            retry_after_ms: self.retry_after_ms,
        };
        // Texts and one number always serialize.
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// Writes the document into the response that carries this problem.
    pub fn write_into(&self, response: Response, request_id: &str) -> Response {
        let (mut parts, _) = response.into_parts();
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        Response::from_parts(parts, Body::from(self.document(request_id)))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(ms) = self.retry_after_ms {
            headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000).max(1)));
            headers.insert(RETRY_AFTER_MS, HeaderValue::from(ms));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        // What is wrong with a filter begins with its place there, and is a sentence already.
        let detail = match invalid.expected.strip_prefix("at ") {
            Some(place) => format!("at {place}"),
            None => format!("expected {}", invalid.expected),
        };
        Self::of(Kind::InvalidParameter, invalid.parameter, detail)
    }
}

impl From<AtlasError> for Problem {
    fn from(error: AtlasError) -> Self {
        match error {
            AtlasError::UnknownLayer(id) => Self::unknown_layer("layer", &id),
            AtlasError::Invalid(invalid) => invalid.into(),
            AtlasError::Unavailable { retry_after_ms } => {
                Self::retry(Kind::Unavailable, retry_after_ms, "the data is being loaded or the store is away")
            }
            AtlasError::InUse { retry_after_ms } => Self::retry(Kind::Unavailable, retry_after_ms, IN_USE),
            AtlasError::Unreadable { layer, retry_after_ms } => {
                let detail = format!("the table of {layer} cannot be read: the server's log tells why");
                Self::retry(Kind::Unavailable, retry_after_ms, detail)
            }
            AtlasError::Overloaded { retry_after_ms } => {
                Self::retry(Kind::Overloaded, retry_after_ms, "too many tiles are being drawn; try again")
            }
            AtlasError::TooLong { retry_after_ms } => {
                let detail = "the question took too long: the layer is a large one; ask for a smaller area, a higher zoom, or \
                              with less of a filter";
                Self::retry(Kind::TooLong, retry_after_ms, detail)
            }
            AtlasError::Refused(refusal) => refusal.into(),
            AtlasError::Fault(cause) => Self::internal(cause),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let told = refusal.to_string();
        match refusal {
            Refusal::ReadOnly { .. } => Self::of(Kind::ReadOnly, "collectionId", told),
            Refusal::NotThere { .. } => Self::of(Kind::NotFound, "featureId", told),
            Refusal::Differs { .. } => {
                Self::of(Kind::PreconditionFailed, "If-Match", format!("{told}, or is gone: read it again"))
            }
            Refusal::NoBatch { .. } => Self::of(Kind::NotFound, "batch", told),
            Refusal::Undone { .. } | Refusal::ChangedSince { .. } => Self::of(Kind::Conflict, "batch", told),
            Refusal::TooManyMissing { .. } => Self::of(Kind::Conflict, "missing", told),
            Refusal::Taken { .. } => Self::of(
                Kind::Conflict,
                "id",
                format!("{told}: change it with PUT or PATCH, or send the new one without id"),
            ),
        }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::of(Kind::BodyTooLarge, "body", "expected a smaller body; simplify the polygon");
        }
        Self::of(Kind::MalformedBody, "body", "the body ended before it was complete")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_500_says_nothing_of_its_cause() {
        let problem = Problem::internal("password=secret at pool.rs:12");
        let document = String::from_utf8(problem.document("1")).expect("text");
        assert!(!document.contains("secret") && !document.contains("pool.rs"), "{document}");
        assert_eq!(problem.cause(), Some("password=secret at pool.rs:12"));
    }

    #[test]
    fn a_problem_has_the_members_of_rfc_9457_and_names_its_parameter() {
        let problem = Problem::from(Invalid::new("as_of", "a date"));
        let document: serde_json::Value = serde_json::from_slice(&problem.document("7")).expect("JSON");
        assert_eq!(document["type"], "urn:problem-type:bandoso:invalid-parameter");
        assert_eq!((document["status"].as_u64(), document["parameter"].as_str()), (Some(400), Some("as_of")));
        assert_eq!(
            (document["detail"].as_str(), document["instance"].as_str()),
            (Some("expected a date"), Some("urn:uuid:7"))
        );
    }

    #[test]
    fn whoever_is_asked_to_come_back_is_told_when() {
        let response = Problem::from(AtlasError::Unavailable { retry_after_ms: 1_250 }).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get(RETRY_AFTER), Some(&HeaderValue::from_static("2")));
        assert_eq!(response.headers().get(RETRY_AFTER_MS), Some(&HeaderValue::from_static("1250")));
    }
}
