use libdeflater::{CompressionLvl, Compressor};

/// Gzip at level 1: libdeflate's is as fast as others' fastest and within a tenth of level 6's size on tiles
/// (`benches/speed.rs` measures it). `None` when there is not enough memory.
pub fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    // Not `fastest()`: that is level 0, which stores without compressing.
    gzip_at(1, bytes)
}

/// Gzip at one of libdeflate's levels, 0 to 12. `None` for another level, and when there is not enough memory.
pub fn gzip_at(level: i32, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut compressor = Compressor::new(CompressionLvl::new(level).ok()?);
    let mut packed = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let length = compressor.gzip_compress(bytes, &mut packed).ok()?;
    packed.truncate(length);
    packed.shrink_to_fit();
    Some(packed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_gets_smaller_and_comes_back_as_it_was() {
        let plain = b"police.incidents ".repeat(1_000);
        let packed = gzip(&plain).unwrap();
        assert!(packed.len() * 10 < plain.len(), "{} of {} bytes", packed.len(), plain.len());
        let mut unpacked = vec![0; plain.len()];
        libdeflater::Decompressor::new().gzip_decompress(&packed, &mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
        assert!(gzip_at(9, &plain).unwrap().len() <= packed.len());
        assert_eq!(gzip_at(13, &plain), None);
    }
}
