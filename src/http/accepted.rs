//! Which encodings of an answer a caller takes.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;

use crate::engine::compress::Encoding;

/// A caller's weights of the encodings, by RFC 9110 §12.5.3: 0 refuses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accepted {
    identity: f32,
    gzip: f32,
    zstd: f32,
    brotli: f32,
}

impl Accepted {
    /// Reads `Accept-Encoding`; `None` where the caller refuses all that can be had.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let (mut identity, mut gzip, mut zstd, mut brotli, mut any) = (None, None, None, None, None);
        let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        for item in lists.flat_map(|list| list.split(',')) {
            let mut parts = item.split(';').map(str::trim);
            let name = parts.next().unwrap_or("");
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            // A weight that cannot be read refuses: an encoding is better left out than forced on someone.
            let weight = weight.map_or(1.0, |text| text.trim().parse::<f32>().unwrap_or(0.0));
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            let place = match () {
                () if is("gzip") || is("x-gzip") => &mut gzip,
                () if is("zstd") => &mut zstd,
                () if is("br") => &mut brotli,
                () if is("identity") => &mut identity,
                () if name == "*" => &mut any,
                () => continue,
            };
            *place = Some(weight);
        }
        let packed = |own: Option<f32>| own.or(any).unwrap_or(0.0).max(0.0);
        let (gzip, zstd, brotli) = (packed(gzip), packed(zstd), packed(brotli));
        // What is not named is taken as it is, unless all that is not named is refused; but whoever names an encoding wants it.
        let least = if any.is_some_and(|weight| weight <= 0.0) { 0.0 } else { f32::MIN_POSITIVE };
        let identity = identity.unwrap_or(least).max(0.0);
        let accepted = Self { identity, gzip, zstd, brotli };
        Encoding::PACKED.iter().chain(&[Encoding::Identity]).any(|one| accepted.weight(*one) > 0.0).then_some(accepted)
    }

    /// The encoding to answer in, of those that the answer can be had in besides as it is. The earlier of two that weigh alike.
    pub fn best(self, offered: &[Encoding]) -> Encoding {
        let better = |best: Encoding, one: &Encoding| if self.weight(*one) > self.weight(best) { *one } else { best };
        let first = offered.first().copied().unwrap_or(Encoding::Identity);
        let packed = offered.iter().fold(first, better);
        let weight = self.weight(packed);
        if weight > 0.0 && weight >= self.identity { packed } else { Encoding::Identity }
    }

    fn weight(self, encoding: Encoding) -> f32 {
        match encoding {
            Encoding::Identity => self.identity,
            Encoding::Gzip => self.gzip,
            Encoding::Zstd => self.zstd,
            Encoding::Brotli => self.brotli,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn best(accept: &str, offered: &[Encoding]) -> Option<Encoding> {
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_str(accept).expect("a value"))]);
        Accepted::read(&headers).map(|accepted| accepted.best(offered))
    }

    #[test]
    fn an_answer_is_packed_as_its_caller_likes_best() {
        use Encoding::{Brotli, Gzip, Identity, Zstd};
        for (accept, chosen) in [
            ("gzip", Some(Gzip)),
            ("gzip, deflate, br, zstd", Some(Zstd)),
            ("gzip, deflate, br", Some(Gzip)),
            ("br, GZIP;q=0.5", Some(Brotli)),
            ("zstd;q=0.5, gzip;q=0.6", Some(Gzip)),
            ("gzip;q=0", Some(Identity)),
            ("gzip; q=0.000, *", Some(Zstd)),
            ("*", Some(Zstd)),
            ("*;q=0", None),
            ("*;q=0, gzip", Some(Gzip)),
            ("identity;q=0", None),
            ("identity;q=0, gzip;q=0.1", Some(Gzip)),
            ("identity;q=1, gzip;q=0.1", Some(Identity)),
            ("identity, zstd;q=0.5, br", Some(Brotli)),
            ("deflate", Some(Identity)),
            ("", Some(Identity)),
            ("gzip;q=abc", Some(Identity)),
        ] {
            assert_eq!(best(accept, &Encoding::PACKED), chosen, "{accept}");
        }
        assert_eq!(Accepted::read(&HeaderMap::new()).map(|none| none.best(&Encoding::PACKED)), Some(Identity));
        // What is there in one encoding only is given in that or as it is.
        assert_eq!(best("gzip, deflate, br, zstd", &[Gzip]), Some(Gzip));
        assert_eq!(best("zstd", &[Gzip]), Some(Identity));
        assert_eq!(best("gzip", &[]), Some(Identity));
    }
}
