//! Every numerical constant of the face engine, each with what goes wrong without it. None decides a verdict: they say
//! when floating point stops proposing and exact arithmetic takes over. Mirrored in `docs/numerics.md`.

/// Relative margins by which a witness must keep inside every other row, tried in turn. Without the large one, witnesses
/// hug the ridges of their faces and the cells found through them are seen from bad points; without the small one, thin
/// faces would all go to exact arithmetic.
pub const MARGINS: [f64; 3] = [0.1, 1e-3, 1e-7];

/// Length of the independent part of a unit vector below which it counts as dependent on the active rows. Without it,
/// rounding lets one vector too many into the active set and the multipliers grow without bound.
pub const DEPENDENT: f64 = 1e-9;

/// Gap of a linear program within which its answer is not believed (HiGHS feasibility tolerance is 1e-7 per row).
/// Without it, two hyperplanes closer than that hide each other.
pub const LP_GAP: f64 = 1e-5;

/// Steps of one projection, per active-set size: a stop against cycling by rounding. Without it, a degenerate row could
/// be visited for ever; with it, the row goes to exact arithmetic.
pub const STEPS_PER_DIMENSION: usize = 20;

/// Weight of the pull towards the given point, in units of the farthest hyperplane's distance. Without it, the centre of an
/// unbounded region runs away to where coordinates have no digits left.
pub const PROXIMAL: f64 = 1e-3;

/// Most Newton steps towards the analytic centre. Without centring, an interior point near a face makes a metric in
/// which the other faces look alike; a point very near a face needs many steps, any other few.
pub const CENTRING_STEPS: usize = 40;

/// Entries of an exact dictionary (rows × columns) beyond which the exact test is not attempted in full and the row stays
/// undecided: about ten seconds of work per row.
pub const EXACT_ENTRIES: usize = 40_000;

/// Safety factor on computed error bounds, for the rounding of the bounds themselves.
pub const SLOPPY: f64 = 1.0 + 1e-6;
