//! Small distributions, so that no further crate is needed.

use rand::Rng;
use rand::rngs::StdRng;

/// A standard normal number (Box and Muller, 1958).
pub(super) fn normal(random: &mut StdRng) -> f64 {
    // 1 - u is above 0, so that its logarithm is finite.
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

/// One of the items, by weight; none when there is none or no weight.
pub(super) fn weighted<T>(
    items: impl IntoIterator<Item = T> + Clone,
    weight: impl Fn(&T) -> f64,
    random: &mut StdRng,
) -> Option<T> {
    let total: f64 = items.clone().into_iter().map(|item| weight(&item)).sum();
    let mut left = random.random::<f64>() * total;
    let mut last = None;
    for item in items {
        let own = weight(&item);
        if own <= 0.0 {
            continue;
        }
        left -= own;
        if left < 0.0 {
            return Some(item);
        }
        // Rounding may leave a hair over: then it is the last one's.
        last = Some(item);
    }
    last
}
