//! Every numerical constant of the face engine, each with what goes wrong without it. None decides a verdict: they say
//! when floating point stops proposing and exact arithmetic takes over. Mirrored in `docs/numerics.md`.

/// Relative margin by which a witness must keep inside every other row. Without it, rows that touch the face in fewer
/// dimensions would stop the projection at points that prove nothing.
pub const MARGIN: f64 = 1e-7;

/// Length of the independent part of a unit vector below which it counts as dependent on the active rows. Without it,
/// rounding lets one vector too many into the active set and the multipliers grow without bound.
pub const DEPENDENT: f64 = 1e-9;

/// Gap of a linear program within which its answer is not believed (HiGHS feasibility tolerance is 1e-7 per row).
/// Without it, two hyperplanes closer than that hide each other.
pub const LP_GAP: f64 = 1e-5;

/// Steps of one projection, per active-set size: a stop against cycling by rounding. Without it, a degenerate row could
/// be visited for ever; with it, the row goes to exact arithmetic.
pub const STEPS_PER_DIMENSION: usize = 20;

/// Newton steps towards the analytic centre. Without centring, an interior point near a face makes a metric in which
/// the other faces look alike; more steps than this buy nothing.
pub const CENTRING_STEPS: usize = 4;

/// Entries of an exact dictionary (rows × columns) beyond which the exact test is not attempted in full and the row stays
/// undecided: about ten seconds of work per row.
pub const EXACT_ENTRIES: usize = 40_000;

/// Safety factor on computed error bounds, for the rounding of the bounds themselves.
pub const SLOPPY: f64 = 1.0 + 1e-6;
