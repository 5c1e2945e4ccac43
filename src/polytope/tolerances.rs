//! Every numerical constant of the face engine, each with what goes wrong without it.
//!
//! Contract: none of them decides a verdict. They choose which float candidate is offered to the rigorous check of
//! `check`; what the check does not accept is decided in rational arithmetic. Mirrored in `docs/numerics.md`.

/// Unit roundoff of float64.
pub const ROUNDOFF: f64 = f64::EPSILON / 2.0;

/// Factor on every accumulated error bound. Without it the bounds, themselves computed in float64, could come out a
/// few units in the last place too small, and a false certificate could pass.
pub const BOUND_SAFETY: f64 = 1.0 + 1e-9;

/// Margins, relative to the slack at the centre, that a projection keeps from the other rows, tried in this order.
/// Without the first, witnesses hug the ridges of their faces, and the cells found through them are seen from bad points;
/// without the last, thin faces would all need exact arithmetic.
pub const MARGINS: [f64; 3] = [0.1, 1e-3, 1e-8];

/// Share of a whitened row that must lie outside the span of the active rows for the row to enter. Without it a
/// dependent row enters as number d + 1, multipliers of 1e16 follow, and the projection ends in nonsense.
pub const DEPENDENCE: f64 = 1e-11;

/// Steps after which a projection is abandoned, per dimension. Without it rounding may make the method cycle.
pub const STEPS_PER_DIMENSION: usize = 30;

/// Rows that a projection goes through between two pricings of all rows. With none every step prices all rows; with many,
/// a step costs as much again.
pub const NEAR_ROWS: usize = 4;

/// Dimension from which it does so. Below it active sets are so short that all rows cost no more.
pub const NEAR_DIMENSION: usize = 8;

/// A slack below this share of the largest enters the metric as if it were this share. Without it the metric of a
/// sliver is singular to working precision and its Cholesky factorisation breaks down.
pub const SLACK_RATIO: f64 = 1e-7;

/// Ridge added to the metric relative to its mean diagonal. Without it rows that do not span the space (unbounded
/// domains) make the metric singular; larger, it would spoil the metric of thin regions.
pub const RIDGE: f64 = 1e-13;

/// Squared Newton decrement at which centring ends. Smaller buys nothing: any point well inside serves.
pub const CENTRED: f64 = 1.0;

/// Share of the way to the boundary that a centring step may go. At 1 the slack of the row that is hit becomes zero.
pub const STEP_SHARE: f64 = 0.9;

/// Multipliers of an LP below this are left out of its proof. HiGHS returns them as noise on rows that are not tight;
/// each would cost a column of the exact system.
pub const LP_NOISE: f64 = 1e-12;

/// Work (rows × dimension²) above which an LP is asked for a better candidate before the exact simplex runs. Without
/// it a single hair-thin row among hundreds takes a second.
pub const DEAR_SIMPLEX: usize = 10_000;

/// Share of the largest weight below which a weight of a dependent row counts as zero. Without it rounding noise
/// blocks the dual ray, and the step along it is infinite.
pub const RAY_NOISE: f64 = 1e-11;

/// Work (rows × dimension²) up to which the exact simplex runs. Beyond it one row could take minutes.
pub const EXACT_SIMPLEX_WORK: usize = 600_000;

/// Dimension up to which a small system is solved exactly. Beyond it the integers grow to tens of thousands of bits.
pub const EXACT_SOLVE_DIMENSION: usize = 160;

/// Rows up to which it is solved in any dimension: a row that others touch but do not cut, as the unit under a pooled maximum,
/// is the sum of a few. Without it such rows of a convolutional network stay undecided.
pub const EXACT_SOLVE_ROWS: usize = 16;

/// Pivots after which the exact simplex gives up (undecided). It ends by itself; this bounds the time it takes.
pub const EXACT_PIVOTS: usize = 4_000;

/// Dimension from which products of matrices are blocked and shared between threads. Below it the calls cost more
/// than the arithmetic.
pub const BLOCKED_DIMENSION: usize = 48;

/// Dimension from which rows of a region in a box are settled one by one within the box, without a metric of the whole
/// region. Below it the metric costs less than it saves.
pub const BOX_DIMENSION: usize = 256;

/// Rounds of that method, each with products over all rows, and rows that join in each. Without the first a row could
/// take minutes; more rows a round make the short problems larger, fewer make more rounds.
pub const BOX_ROUNDS: usize = 30;
/// See [`BOX_ROUNDS`].
pub const BOX_ROWS: usize = 64;

/// Coefficients (units' rows × inputs) up to which a row that no other way settles gets a linear program over all rows.
/// Beyond it one such program takes minutes and as much memory as all the rest: the row stays undecided.
pub const BOX_PROGRAM: usize = 1 << 21;

/// Rows of a region of few inputs over which a matrix is made at once: half a gigabyte. More are sifted first.
pub const SIEVED: usize = 8192;
/// Rows sifted together. Fewer prove fewer of them redundant, more cost their square.
pub const SIEVE_GROUP: usize = 1024;

/// Newton steps towards the centre of a large region in a box. From a point close to many hyperplanes every row has
/// hundreds of others in its way; from the middle few.
pub const BOX_CENTRING: usize = 12;

/// Margins there, as [`MARGINS`]. Wider first ones make thin faces look redundant, and each such row is done twice.
pub const BOX_MARGINS: [f64; 2] = [1e-5, 1e-8];

/// Newton steps on one short problem. A handful is the rule; without a bound rounding may make it circle.
pub const BOX_NEWTON_STEPS: usize = 200;

/// Largest multiplier of the row itself, in units of the first one, that is worth pursuing. Without it a row that only the
/// margin makes redundant is chased until rounding ends the chase.
pub const BOX_LARGEST: f64 = 1e13;

/// Ridge of its equations, relative to the rows' squared lengths. Without it they are singular where the box
/// cuts off most coordinates.
pub const BOX_RIDGE: f64 = 1e-9;

/// Evaluations in the search along a Newton step.
pub const BOX_SEARCH: usize = 40;

/// Rounds of linear programs over the box and few rows on one row, and rows added in each. Without the first a row could take minutes; more rows a
/// round make the programs larger, fewer make them more.
pub const LAZY_ROUNDS: usize = 60;
/// See [`LAZY_ROUNDS`].
pub const LAZY_ROWS: usize = 16;

/// Pivots of such a program between two looks at whether to stop, and how many times: without the second one program could
/// take minutes.
pub const LAZY_PIVOTS: i32 = 100;
/// See [`LAZY_PIVOTS`].
pub const LAZY_SHARES: i32 = 100;

/// Its tolerances, of rows divided by their slacks; the least that the solver takes. The usual 1e-7 hides faces that are
/// thinner than that.
pub const LAZY_TOLERANCE: f64 = 1e-10;

/// Dimension up to which a proof without a box is checked by enclosing its multipliers. Beyond it the cubic cost
/// outweighs what it saves.
pub const CONE_DIMENSION: usize = 64;

/// Weight of the pull towards the given point when centring without a box, in units of the farthest hyperplane's
/// distance. Without it, the centre of an unbounded region runs away to where coordinates have no digits left.
pub const PROXIMAL: f64 = 1e-3;
