//! Packing bytes for the wire.

use std::cell::RefCell;

use libdeflater::{CompressionLvl, Compressor};

use super::deflate::PointPacker;

/// The level of gzip of all but tiles of points, libdeflate's: its 1 is as fast as others' fastest and within a tenth of level 6's
/// size on tiles.
const GZIP_LEVEL: i32 = 1;
/// The level of Zstandard: on tiles 1 to 3 % fewer bytes than libdeflate's gzip at level 1, in a tenth less time.
const ZSTD_LEVEL: i32 = 3;
/// The quality of Brotli: about as many bytes as gzip at level 1. It is slower than both at any quality.
const BROTLI_QUALITY: i32 = 2;
/// Log₂ of Brotli's window: 4 MiB, more than any ordinary tile has.
const BROTLI_WINDOW: i32 = 22;

/// The largest room for packed bytes that a thread keeps, bytes: more than any ordinary tile takes.
const KEPT_BYTES: usize = 1 << 20;

thread_local! {
    /// A packer's tables and the room for what it writes: for a small tile, getting them anew from the system took as long as
    /// packing it.
    static PACKER: RefCell<Option<(Packer, PointPacker)>> = const { RefCell::new(None) };
    /// The same for Zstandard: an answer of 4 kB takes two thirds of the time.
    static ZSTD: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// How bytes are packed for the wire: the content codings of RFC 9110 §8.4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As they are.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
}

impl Encoding {
    /// Those that pack, the ones that cost the server least first: where a caller takes several alike, the first is chosen. Of text
    /// Zstandard makes less in less time.
    pub const PACKED: [Self; 3] = [Self::Zstd, Self::Gzip, Self::Brotli];
    /// The same for tiles: of points gzip takes two thirds to nine tenths of Zstandard's time, for 2 to 8 % more bytes, and who takes
    /// nothing else has the same tile from the cache.
    pub const PACKED_TILES: [Self; 3] = [Self::Gzip, Self::Zstd, Self::Brotli];

    /// Its name in `Content-Encoding`; none where nothing is packed.
    pub fn token(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
            Self::Brotli => Some("br"),
        }
    }
}

/// Packs bytes; those of [`Encoding::Identity`] come back as they are. `None` when there is not enough memory.
pub fn pack(encoding: Encoding, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Identity => {
            bytes.shrink_to_fit();
            Some(bytes)
        }
        Encoding::Gzip => PACKER.with_borrow_mut(|kept| {
            let (packer, points) = match kept {
                Some(kept) => kept,
                None => kept.insert((Packer::new(GZIP_LEVEL)?, PointPacker::new())),
            };
            packer.gzip(&bytes, Some(points))
        }),
        Encoding::Zstd => ZSTD.with_borrow_mut(|kept| {
            let packer = match kept {
                Some(kept) => kept,
                None => kept.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL).ok()?),
            };
            packer.compress(&bytes).ok()
        }),
        Encoding::Brotli => brotli_at(BROTLI_QUALITY, &bytes),
    }
}

/// Gzip at one of libdeflate's levels, 0 to 12. `None` for another level, and when there is not enough memory.
pub fn gzip_at(level: i32, bytes: &[u8]) -> Option<Vec<u8>> {
    Packer::new(level)?.gzip(bytes, None)
}

/// Packs one piece after the other.
struct Packer {
    compressor: Compressor,
    room: Vec<u8>,
}

impl Packer {
    fn new(level: i32) -> Option<Self> {
        Some(Self { compressor: Compressor::new(CompressionLvl::new(level).ok()?), room: Vec::new() })
    }

    /// `points` may take tiles of points.
    fn gzip(&mut self, bytes: &[u8], points: Option<&mut PointPacker>) -> Option<Vec<u8>> {
        let most = self.compressor.gzip_compress_bound(bytes.len());
        if self.room.len() < most {
            self.room.resize(most, 0);
        }
        // Not all that there is, which others before made: whether a tile of points fits depends on the tile alone.
        let room = &mut self.room[..most];
        let length = match points.and_then(|points| points.gzip(bytes, room)) {
            Some(length) => length,
            None => self.compressor.gzip_compress(bytes, room).ok()?,
        };
        let packed = self.room[..length].to_vec();
        if self.room.len() > KEPT_BYTES {
            self.room = Vec::new();
        }
        Some(packed)
    }
}

/// Zstandard at one of its levels. `None` when there is not enough memory.
pub fn zstd_at(level: i32, bytes: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::compress(bytes, level).ok()
}

/// Brotli at a quality from 0 to 11. `None` when there is not enough memory.
pub fn brotli_at(quality: i32, bytes: &[u8]) -> Option<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality,
        lgwin: BROTLI_WINDOW,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut packed = Vec::with_capacity(bytes.len() / 2);
    brotli::BrotliCompress(&mut &*bytes, &mut packed, &params).ok()?;
    packed.shrink_to_fit();
    Some(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(encoding: Encoding, packed: &[u8], length: usize) -> Vec<u8> {
        match encoding {
            Encoding::Identity => packed.to_vec(),
            Encoding::Gzip => {
                let mut plain = vec![0; length];
                libdeflater::Decompressor::new().gzip_decompress(packed, &mut plain).unwrap();
                plain
            }
            Encoding::Zstd => zstd::bulk::decompress(packed, length).unwrap(),
            Encoding::Brotli => {
                let mut plain = Vec::new();
                brotli::BrotliDecompress(&mut &*packed, &mut plain).unwrap();
                plain
            }
        }
    }

    #[test]
    fn what_repeats_gets_smaller_and_comes_back_as_it_was() {
        let plain = b"police.incidents ".repeat(1_000);
        for encoding in Encoding::PACKED {
            let packed = pack(encoding, plain.clone()).unwrap();
            assert!(packed.len() * 10 < plain.len(), "{encoding:?}: {} of {} bytes", packed.len(), plain.len());
            assert_eq!(unpacked(encoding, &packed, plain.len()), plain, "{encoding:?}");
            assert_eq!(unpacked(encoding, &pack(encoding, Vec::new()).unwrap(), 0), b"", "{encoding:?}");
        }
        // Larger than what is kept, then small again: nothing of the one is in the other.
        let noise: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for plain in [&noise[..], b"a", &plain, &noise[..70_000]] {
            let packed = pack(Encoding::Gzip, plain.to_vec()).unwrap();
            assert_eq!(unpacked(Encoding::Gzip, &packed, plain.len()), plain);
            assert_eq!(packed, gzip_at(GZIP_LEVEL, plain).unwrap());
        }
        assert_eq!(pack(Encoding::Identity, plain.clone()).unwrap(), plain);
        assert_eq!(gzip_at(13, &plain), None);
    }
}
