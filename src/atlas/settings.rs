/// Limits of the atlas.
#[derive(Debug, Clone, Copy)]
pub struct AtlasSettings {
    /// Encoded tiles kept, in bytes. 0 keeps none.
    pub cache_bytes: u64,
    /// Tiles and queries worked on at once; one more for light work.
    pub slots: usize,
    /// Tiles and queries that may wait for a slot; one more sends away what would come last of the client that has most.
    pub queue: usize,
}

impl Default for AtlasSettings {
    /// 128 MiB of tiles, one slot a core, 160 waiting: fewer than the requests that a server takes in at once, so that it is the
    /// line, which knows the clients, that refuses.
    fn default() -> Self {
        let slots = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { cache_bytes: 128 << 20, slots, queue: 160 }
    }
}
