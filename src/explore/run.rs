//! The exploration as a whole: choose a method by counts, run it within its budgets, and say what was done.

use super::allowance::{Allowance, TRIED};
use super::bounds::Bounds;
use super::certify::{Certified, Certify};
use super::drawn::{DataPoints, LeftOut, Source};
use super::identities::{self, Identity, Outcome};
use super::memory::{Memory, Remember};
use super::merging::Merging;
use super::noted::{failed_finding, undecided_finding, unit_name, vanishing_finding};
use super::parts::{Hooks, Shard, Sums};
use super::row::Onlooker;
use super::split::MOST_INPUTS;
use super::splitting::{self, Splitting};
use super::{Domain, Inside, Shape, Slopes, Tally, cross, exact, sample};
use crate::finding::{Finding, Severity, grouped};
use crate::ir::Network;
use crate::polytope::Engine;
use crate::region::{HyperplaneId, Walker};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Most inputs for which `auto` tries to enumerate.
pub const ENUMERATE_UP_TO: usize = 8;

/// Seeded points that an enumeration locates among its regions.
const COVERAGE_POINTS: u64 = 1000;

/// How regions are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Enumerate up to eight inputs and `max_regions` regions, else sample.
    Auto,
    /// Every region of the domain.
    Enumerate,
    /// The regions around seeded uniform points.
    Sample,
}

/// What one count of a distribution stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Each region once.
    Region,
    /// Each uniform sample once.
    Volume,
    /// Each given data point once.
    Point,
    /// Each distinct region that samples (or data points) met, once: a biased choice of regions.
    Found,
}

/// All that determines the numbers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How regions are looked for.
    pub method: Method,
    /// Which face engine.
    pub engine: Engine,
    /// Enumerate in rational arithmetic alone; needs [`Method::Auto`] or [`Method::Enumerate`].
    pub exact: bool,
    /// Samples to take; `None`: by the number of inputs.
    pub samples: Option<u64>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Most regions to visit.
    pub max_regions: u64,
    /// Steps of work that `auto` spends on enumerating before it samples; by default 2e10, a minute or two of one core.
    pub most_steps: u64,
    /// Data points to sample at, one value per input of the network each, instead of uniform points.
    pub points: Option<Arc<Vec<Vec<f64>>>>,
    /// Whether a run of samples counts each distinct region once, instead of each sample.
    pub distinct: bool,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            method: Method::Auto,
            engine: Engine::Auto,
            exact: false,
            samples: None,
            seed: 0,
            max_regions: 1_000_000,
            most_steps: TRIED,
            points: None,
            distinct: false,
        }
    }
}

/// How far along a run is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Units of work done.
    pub done: u64,
    /// Units of work in all, where known.
    pub total: Option<u64>,
    /// Regions known so far.
    pub regions: u64,
    /// What the units are.
    pub note: &'static str,
    /// Rows decided, of rows, in the large regions under way.
    pub rows: Option<(u64, u64)>,
}

/// Budgets that depend on time, and where progress and certificates go. They never change a number of a complete run.
pub struct Control<'a> {
    /// Set from outside to end the run early.
    pub stop: &'a AtomicBool,
    /// When to end the run early.
    pub deadline: Option<Instant>,
    /// Called from time to time.
    pub progress: &'a (dyn Fn(Progress) + Sync),
    /// What happens to certificates.
    pub certify: Certify<'a>,
    /// Most bytes that may be used.
    pub max_memory: Option<u64>,
}

impl Control<'_> {
    /// The state of a run that has to end now, if it has to.
    pub fn exhausted(&self) -> Option<State> {
        if self.stop.load(Ordering::Relaxed) {
            return Some(State::Partial { reason: "interrupted".into(), interrupted: true });
        }
        let late = self.deadline.is_some_and(|t| Instant::now() >= t);
        late.then(|| State::partial("time limit reached".into()))
    }

    /// Passes progress on.
    pub fn report(&self, progress: Progress) {
        (self.progress)(progress);
    }
}

/// Whether a run did all it set out to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// All of it.
    #[default]
    Complete,
    /// Part of it.
    Partial {
        /// Why it ended.
        reason: String,
        /// Whether an interrupt ended it.
        interrupted: bool,
    },
}

impl State {
    /// Ended for a stated reason.
    pub fn partial(reason: String) -> State {
        State::Partial { reason, interrupted: false }
    }

    /// Ended by the limit on regions.
    pub fn regions(limit: u64) -> State {
        State::partial(format!("reached the limit of {limit} regions"))
    }

    /// Given up after so many steps of work.
    pub fn tried(steps: u64) -> State {
        State::partial(format!("given up after {steps} steps of work"))
    }
}

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Exploration {
    /// The method that ran: enumerate or sample.
    pub method: Method,
    /// Why `auto` chose it; `None` when it was asked for.
    pub why: Option<String>,
    /// Samples taken; 0 when enumerating.
    pub samples: u64,
    /// Samples to take; of a run that ended before it chose their number, those that it took to choose.
    pub samples_asked: u64,
    /// Number of free inputs.
    pub dimension: usize,
    /// What one count stands for.
    pub weight: Weight,
    /// The counts.
    pub tally: Tally,
    /// The same run counted with another weight, where it was counted by distinct regions.
    pub beside: Option<(Weight, Tally)>,
    /// Distinct regions met.
    pub regions_found: u64,
    /// Of samples, regions met exactly once, and exactly twice.
    pub met: Option<[u64; 2]>,
    /// How steep the network is in the regions of samples, or of an enumeration by crossing; `None` where its map is too
    /// large.
    pub slopes: Option<Slopes>,
    /// Regions after merging neighbours with equal affine maps, or why they were not merged; of an enumeration by crossing.
    pub merged: Option<Result<u64, String>>,
    /// Data points that are in no count; of runs at data points.
    pub left_out: Option<LeftOut>,
    /// Of these, how many reach to infinity; known of exact enumerations of the whole space.
    pub unbounded: Option<u64>,
    /// What an enumeration by splitting saw besides.
    pub shape: Option<Shape>,
    /// Of samples, per unit of one breakpoint, whether one fell below it, and above.
    pub sides_met: Option<Vec<(HyperplaneId, [bool; 2])>>,
    /// Share of new regions among the last tenth of the samples.
    pub new_in_last_tenth: Option<f64>,
    /// Whether the run is complete.
    pub state: State,
    /// Relations that an enumeration checks itself with; empty when sampling.
    pub identities: Vec<Identity>,
    /// Of a partial enumeration: seeded points in found regions, and points drawn.
    pub covered: Option<(u64, u64)>,
    /// Of a partial enumeration: the share of the domain's volume in found regions, where volumes are summed.
    pub covered_volume: Option<f64>,
    /// Sources that vanish identically on some region.
    pub vanishing: Vec<HyperplaneId>,
    /// What verification found; `None` where it was not asked for.
    pub certified: Option<Certified>,
    /// What is remarkable.
    pub findings: Vec<Finding>,
    /// Of one part of a run, its sums.
    pub sums: Option<Sums>,
}

/// Explores `network` over `domain`.
pub fn explore(network: &Network, domain: &Domain, plan: &Plan, control: &Control) -> anyhow::Result<Exploration> {
    explore_with(network, domain, plan, control, &mut Hooks::default())
}

/// Explores `network` over `domain`, or a part of it, with others looking on, whose errors end the run.
pub fn explore_with(
    network: &Network,
    domain: &Domain,
    plan: &Plan,
    control: &Control,
    hooks: &mut Hooks,
) -> anyhow::Result<Exploration> {
    let Some(watch) = hooks.watch.take() else { return run(network, domain, plan, control, None, hooks) };
    let mut show = Onlooker { watch, inputs: domain.free_inputs(), volumes: hooks.volumes };
    run(network, domain, plan, control, Some(&mut show), hooks)
}

fn run(
    network: &Network,
    domain: &Domain,
    plan: &Plan,
    control: &Control,
    show: Option<&mut Onlooker>,
    hooks: &mut Hooks,
) -> anyhow::Result<Exploration> {
    let (restricted, bounds) = domain.restrict(network)?;
    let walker = Walker::new(&restricted);
    if plan.exact {
        anyhow::ensure!(plan.method != Method::Sample, "exact arithmetic enumerates and does not sample");
        return exactly(&walker, &bounds, plan, control, show);
    }
    let d = walker.dimension();
    let unbounded = !bounds.is_bounded();
    match plan.method {
        Method::Enumerate => enumerate(&walker, &bounds, plan, &Allowance::new(control, u64::MAX), None, show, hooks),
        Method::Sample => sampled(&walker, &bounds, domain, plan, control, None),
        Method::Auto if d > ENUMERATE_UP_TO && !unbounded => {
            let why = format!("{d} free inputs; enumeration is tried up to {ENUMERATE_UP_TO}");
            sampled(&walker, &bounds, domain, plan, control, Some(why))
        }
        Method::Auto => {
            let why = if unbounded {
                "an unbounded domain has no uniform samples".to_string()
            } else {
                format!("{d} free inputs and at most {} regions", plan.max_regions)
            };
            // A part of a run, or one that goes on, does not know what the others spend.
            let most = if unbounded || hooks.in_parts() { u64::MAX } else { plan.most_steps };
            let allowance = Allowance::new(control, most);
            let mut tried = enumerate(&walker, &bounds, plan, &allowance, Some(why), show, hooks)?;
            if tried.state == State::Complete && allowance.given_up() {
                tried.state = State::tried(most);
            }
            let (why, hint) = match tried.state {
                _ if unbounded => return Ok(tried),
                state if state == State::regions(plan.max_regions) => {
                    let hint = "--max-regions N enumerates further; a smaller domain or a slice has fewer regions";
                    (format!("more than {} regions", grouped(plan.max_regions)), hint)
                }
                state if state == State::tried(most) => {
                    let hint = "--method enumerate does it all the same; a smaller domain or a slice takes less";
                    (format!("their enumeration takes more than {} steps", grouped(most)), hint)
                }
                _ => return Ok(tried),
            };
            control.certify.start_over()?;
            let message = format!("the regions were sampled after their enumeration was given up: {why}");
            let finding = Finding::new("enumeration-given-up", Severity::Info, message).hint(hint);
            let mut found = sampled(&walker, &bounds, domain, plan, control, Some(why))?;
            found.findings.push(finding);
            Ok(found)
        }
    }
}

fn enumerate(
    walker: &Walker,
    bounds: &Bounds,
    plan: &Plan,
    allowance: &Allowance,
    why: Option<String>,
    mut show: Option<&mut Onlooker>,
    hooks: &mut Hooks,
) -> anyhow::Result<Exploration> {
    let control = allowance.control;
    let (mut refused, in_parts) = (None, hooks.in_parts());
    let splits = walker.dimension() <= MOST_INPUTS && plan.engine == Engine::Auto;
    if splits && !control.certify.is_on() {
        match splitting::enumerate(walker, bounds, plan, allowance, show.as_deref_mut(), hooks)? {
            Ok((sums, state)) if hooks.shard.is_some() => return Ok(sums.part(state)),
            Ok((sums, state)) => return Ok(sums.exploration(state, why)),
            Err(reason) => refused = Some(reason),
        }
    }
    if in_parts {
        let reason = refused.map_or_else(
            || format!("at most {MOST_INPUTS} free inputs (here {}) and --engine auto", walker.dimension()),
            |reason| format!("other networks: {reason}"),
        );
        anyhow::bail!("--shard, --checkpoint and --resume are about the tree of splits, which is for {reason}");
    }
    if let Some(show) = &mut show {
        (show.watch)(None)?;
        show.without_volumes()?;
    }
    let memory = Memory::estimate(walker, bounds, &control.certify, plan.max_regions, Remember::Points);
    let mut merging = Merging::new(walker, plan.max_regions, memory.total(1), control.max_memory);
    let visitor: &mut cross::Visitor = &mut |pattern, cell, inside| {
        merging.visit(pattern, cell, inside)?;
        let faces = (cell.undecided == 0).then_some((cell.interior.len(), cell.walls));
        show.as_mut().map_or(Ok(()), |show| show.show(pattern, faces, Inside::Floats(inside), None))
    };
    let found = cross::enumerate(walker, bounds, plan.seed, plan.engine, plan.max_regions, allowance, visitor)?;
    let inside = found.covers(walker, bounds, plan.seed, COVERAGE_POINTS)?;
    let counted = Counted {
        tally: found.tally,
        unbounded: None,
        vanishing: found.vanishing.into_iter().collect(),
        points: (inside, COVERAGE_POINTS),
        state: found.state,
        certified: control.certify.is_on().then_some(found.certified),
        besides: None,
    };
    let name = |id: &HyperplaneId| unit_name(walker, id);
    let place = Place { dimension: walker.dimension(), bounded: bounds.is_bounded(), name: &name };
    let mut found = counted.checked(&place, why);
    found.slopes = merging.slopes.take();
    found.merged = Some(merging.finish());
    if let Some(reason) = refused {
        let message = format!("the regions were enumerated by crossing faces, not by splitting: {reason}");
        found.findings.push(Finding::new("enumerated-by-crossing", Severity::Info, message));
    }
    Ok(found)
}

fn exactly(
    walker: &Walker,
    bounds: &Bounds,
    plan: &Plan,
    control: &Control,
    mut show: Option<&mut Onlooker>,
) -> anyhow::Result<Exploration> {
    show.as_ref().map_or(Ok(()), |show| show.without_volumes())?;
    let visit = |region: exact::ExactRegion| {
        let faces = (region.interior.len(), region.walls);
        let inside = Inside::Exact(&region.inside);
        show.as_mut().map_or(Ok(()), |show| show.show(&region.pattern, Some(faces), inside, None))
    };
    let found = exact::enumerate(walker.network(), bounds, plan.seed, plan.max_regions, control, visit)?;
    let counted = Counted {
        tally: found.tally,
        unbounded: (!bounds.is_bounded()).then_some(found.unbounded),
        vanishing: found.vanishing.into_iter().collect(),
        points: (found.points, exact::CARRIED_POINTS),
        state: found.end,
        certified: None,
        besides: None,
    };
    let why = (plan.method == Method::Auto).then(|| "exact arithmetic was asked for".to_string());
    let name = |id: &HyperplaneId| unit_name(walker, id);
    let place = Place { dimension: walker.dimension(), bounded: bounds.is_bounded(), name: &name };
    Ok(counted.checked(&place, why))
}

/// What an enumeration of either kind counted.
struct Counted {
    tally: Tally,
    unbounded: Option<u64>,
    vanishing: Vec<HyperplaneId>,
    /// Seeded points in regions found, and points drawn.
    points: (u64, u64),
    state: State,
    certified: Option<Certified>,
    besides: Option<Besides>,
}

/// What splitting knows besides: sums, checks, and the share of volume covered.
type Besides = (Shape, Vec<Identity>, Option<f64>);

impl From<Splitting> for Counted {
    fn from(found: Splitting) -> Counted {
        let Splitting { tally, unbounded, vanishing, points, state, shape, checks, covered } = found;
        Counted { tally, unbounded, vanishing, points, state, certified: None, besides: Some((shape, checks, covered)) }
    }
}

impl Sums {
    /// The exploration that these sums are, ended in this state.
    pub fn exploration(&self, state: State, why: Option<String>) -> Exploration {
        let name = |id: &HyperplaneId| self.names.unit(id);
        let place = Place { dimension: self.dimension, bounded: self.bounded, name: &name };
        Counted::from(Splitting::new(self, state)).checked(&place, why)
    }

    /// The exploration of one part: never complete, and with its sums.
    fn part(self, state: State) -> Exploration {
        let Shard { index, of } = self.shard;
        let state = match state {
            State::Complete => State::partial(format!("part {index} of {of} of the tree of splits")),
            ended => ended,
        };
        Exploration { sums: Some(self.clone()), ..self.exploration(state, None) }
    }
}

/// Where regions were counted, as far as checks and findings name it.
struct Place<'a> {
    dimension: usize,
    bounded: bool,
    /// A unit in words.
    name: &'a dyn Fn(&HyperplaneId) -> String,
}

impl Counted {
    /// The exploration, checked where it is complete.
    fn checked(mut self, place: &Place, why: Option<String>) -> Exploration {
        let mut findings = vec![];
        let (shape, own_checks, mut covered_volume) = match self.besides {
            Some((shape, checks, covered)) => (Some(shape), checks, covered),
            None => (None, vec![], None),
        };
        let (mut checks, mut covered) = (vec![], Some(self.points));
        if self.state == State::Complete {
            checks = vec![
                identities::handshake(&self.tally),
                identities::points(self.points.0, self.points.1),
                identities::line(place.dimension, &self.tally, place.bounded),
            ];
            checks.extend(own_checks);
            (covered, covered_volume) = (None, None);
            if let Some(broken) = checks.iter().find(|c| c.outcome == Outcome::Violated) {
                self.state = State::partial(format!("the check {} is violated", broken.name));
                let message = format!("{}: {}", broken.name, broken.detail);
                let hint = "the count cannot be trusted: please report this model";
                findings.push(Finding::new("identity-violated", Severity::Error, message).hint(hint));
            }
        }
        findings.extend(vanishing_finding(place.name, &self.vanishing));
        findings.extend(undecided_finding(self.tally.undecided, "region(s) have"));
        findings.extend(failed_finding(self.certified.as_ref()));
        Exploration {
            method: Method::Enumerate,
            why,
            samples: 0,
            samples_asked: 0,
            dimension: place.dimension,
            weight: Weight::Region,
            regions_found: self.tally.seen(),
            unbounded: self.unbounded,
            shape,
            sides_met: None,
            tally: self.tally,
            beside: None,
            met: None,
            slopes: None,
            merged: None,
            left_out: None,
            new_in_last_tenth: None,
            state: self.state,
            identities: checks,
            covered,
            covered_volume,
            certified: self.certified,
            findings,
            vanishing: self.vanishing,
            sums: None,
        }
    }
}

fn sampled(
    walker: &Walker,
    bounds: &Bounds,
    domain: &Domain,
    plan: &Plan,
    control: &Control,
    why: Option<String>,
) -> anyhow::Result<Exploration> {
    let source = match &plan.points {
        Some(points) => Source::Data(DataPoints::new(points, domain, plan.seed, plan.samples)),
        None => {
            let how = "state a box with --domain LO,HI";
            anyhow::ensure!(bounds.is_bounded(), "an unbounded domain has no uniform samples: {how}");
            Source::Uniform { seed: plan.seed, count: plan.samples }
        }
    };
    let found = sample::sample(walker, bounds, &source, plan.engine, control)?;
    let given = plan.points.is_some();
    let each = if given { Weight::Point } else { Weight::Volume };
    let vanishing: Vec<HyperplaneId> = found.vanishing.into_iter().collect();
    let mut findings = vanishing_finding(&|id| unit_name(walker, id), &vanishing);
    let what = if given { "point(s) lie in regions with" } else { "sample(s) fell in regions with" };
    findings.extend(undecided_finding(found.tally.undecided, what));
    findings.extend(failed_finding(Some(&found.certified)));
    let regions_found = found.found.seen();
    let (weight, tally, beside) = match plan.distinct {
        true => (Weight::Found, found.found, Some((each, found.tally))),
        false => (each, found.tally, None),
    };
    Ok(Exploration {
        method: Method::Sample,
        why,
        samples: found.samples,
        samples_asked: found.asked,
        dimension: walker.dimension(),
        weight,
        tally,
        beside,
        regions_found,
        met: Some(found.met),
        slopes: found.slopes,
        merged: None,
        left_out: given.then_some(found.left_out),
        unbounded: None,
        shape: None,
        sides_met: found.sides.as_ref().map(|s| s.list(walker)),
        new_in_last_tenth: found.new_in_last_tenth,
        state: found.state,
        identities: vec![],
        covered: None,
        covered_volume: None,
        certified: control.certify.is_on().then_some(found.certified),
        findings,
        vanishing,
        sums: None,
    })
}
