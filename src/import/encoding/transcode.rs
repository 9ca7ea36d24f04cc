use std::io::{self, Read};

use super::Encoding;

/// Bytes that are decoded at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// Reads a file of any encoding as UTF-8. What cannot be decoded becomes U+FFFD.
pub(in crate::import) struct Transcoded<R> {
    inner: R,
    decoder: Decoder,
    bytes: Vec<u8>,
    text: String,
    given: usize,
    ended: bool,
}

enum Decoder {
    Standard(Box<encoding_rs::Decoder>),
    /// Encodings whose letters belong to their word: only whole words are decoded.
    Words(Encoding),
}

impl<R: Read> Transcoded<R> {
    /// Decodes all that `inner` has.
    pub fn new(inner: R, encoding: Encoding) -> Self {
        let standard = |encoding: &'static encoding_rs::Encoding| {
            Decoder::Standard(Box::new(encoding.new_decoder_with_bom_removal()))
        };
        let decoder = match encoding {
            Encoding::Utf8 => standard(encoding_rs::UTF_8),
            Encoding::Utf16Le => standard(encoding_rs::UTF_16LE),
            Encoding::Utf16Be => standard(encoding_rs::UTF_16BE),
            Encoding::Windows1258 => standard(encoding_rs::WINDOWS_1258),
            Encoding::Windows1252 => standard(encoding_rs::WINDOWS_1252),
            Encoding::Tcvn3 | Encoding::Vni => Decoder::Words(encoding),
        };
        Self { inner, decoder, bytes: Vec::new(), text: String::new(), given: 0, ended: false }
    }

    fn more(&mut self) -> io::Result<()> {
        let kept = self.bytes.len();
        self.bytes.resize(kept + CHUNK_BYTES, 0);
        let read = self.inner.read(self.bytes.get_mut(kept..).unwrap_or_default());
        self.bytes.truncate(kept + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        self.text.clear();
        self.given = 0;
        match &mut self.decoder {
            Decoder::Standard(decoder) => {
                let most = decoder.max_utf8_buffer_length(self.bytes.len()).unwrap_or(CHUNK_BYTES * 4);
                self.text.reserve(most);
                let (_, used, _) = decoder.decode_to_string(&self.bytes, &mut self.text, self.ended);
                self.bytes.drain(..used);
            }
            Decoder::Words(encoding) => {
                let is_end = |byte: &u8| matches!(byte, b' '..=b'@' | b'\n' | b'\r' | b'\t' | b'|');
                let whole = match self.bytes.iter().rposition(is_end) {
                    Some(end) if !self.ended => end + 1,
                    // A word without an end is no word.
                    None if !self.ended && self.bytes.len() < CHUNK_BYTES => 0,
                    _ => self.bytes.len(),
                };
                let bytes: Vec<u8> = self.bytes.drain(..whole).collect();
                self.text = encoding.decode(&bytes);
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.more()?;
        }
        let rest = self.text.as_bytes().get(self.given..).unwrap_or_default();
        let size = rest.len().min(buffer.len());
        let (Some(from), Some(to)) = (rest.get(..size), buffer.get_mut(..size)) else { return Ok(0) };
        to.copy_from_slice(from);
        self.given += size;
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives few bytes at a time.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(self.0.len()).min(buffer.len());
            buffer[..size].copy_from_slice(&self.0[..size]);
            self.0 = &self.0[size..];
            Ok(size)
        }
    }

    #[test]
    fn letters_that_fall_between_two_reads_are_whole() {
        let wide: Vec<u8> = "\u{feff}Đức Phổ\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let cases: [(Encoding, &[u8], &str); 3] = [
            (Encoding::Utf16Be, &wide, "Đức Phổ\n"),
            (Encoding::Vni, b"\xd1\xf6\xf9c Pho\xe5\n", "Đức Phổ\n"),
            (Encoding::Tcvn3, b"QU\xb6NG NG\xb7I", "QUẢNG NGÃI"),
        ];
        for (encoding, bytes, text) in cases {
            for step in 1..5 {
                let mut read = String::new();
                Transcoded::new(Drip(bytes, step), encoding).read_to_string(&mut read).unwrap();
                assert_eq!(read, text, "{encoding} {step}");
            }
        }
    }
}
