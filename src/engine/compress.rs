use libdeflater::{CompressionLvl, Compressor};

/// Gzip at level 1: libdeflate's is as fast as others' fastest and within a tenth of level 6's size on tiles
/// (`benches/speed.rs` measures it). `None` when there is not enough memory.
pub fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut compressor = Compressor::new(CompressionLvl::fastest());
    let mut packed = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let length = compressor.gzip_compress(bytes, &mut packed).ok()?;
    packed.truncate(length);
    packed.shrink_to_fit();
    Some(packed)
}
