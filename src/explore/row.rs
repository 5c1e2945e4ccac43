//! A region as it is shown to those who want them all: what a row of a list of regions needs, and no more.

use crate::ir::Rational;
use crate::region::Pattern;

/// When cells are not split on their vertices.
const CROSSED: &str = "not with more than eight inputs, --engine lp, --certify or --exact, nor where the report says \
                       enumerated-by-crossing";

/// A region that was counted.
#[derive(Clone, Debug)]
pub struct RegionRow<'a> {
    /// Its pattern.
    pub pattern: &'a Pattern,
    /// Number of interior faces and of walls; `None` where a half-space stayed undecided.
    pub faces: Option<(usize, usize)>,
    /// Positions of the free inputs in the network's flat input.
    pub inputs: &'a [usize],
    /// A point strictly inside, one number per free input.
    pub inside: Inside<'a>,
    /// Its volume, where it was asked for; `None` of an unbounded region.
    pub volume: Option<f64>,
}

/// A point in the numbers of the method that found it.
#[derive(Clone, Copy, Debug)]
pub enum Inside<'a> {
    /// Floats, certified to be inside as they are.
    Floats(&'a [f64]),
    /// Dyadic rationals.
    Exact(&'a [Rational]),
}

/// Called with each region counted, in an order that depends on nothing but the network, the domain and the method.
/// `None`: the method changed, what was shown so far is void.
pub type Watch<'a> = dyn FnMut(Option<&RegionRow>) -> anyhow::Result<()> + 'a;

/// Who looks on, as the methods see it.
pub(super) struct Onlooker<'a, 'w> {
    pub watch: &'a mut Watch<'w>,
    /// Positions of the free inputs.
    pub inputs: Vec<usize>,
    /// Whether volumes are asked for.
    pub volumes: bool,
}

impl Onlooker<'_, '_> {
    /// Refuses to list volumes, by a method that has none.
    pub fn without_volumes(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            !self.volumes,
            "volumes of regions are listed only where cells are split on their vertices: {CROSSED}"
        );
        Ok(())
    }

    /// Shows a region.
    pub fn show(
        &mut self,
        pattern: &Pattern,
        faces: Option<(usize, usize)>,
        inside: Inside,
        volume: Option<f64>,
    ) -> anyhow::Result<()> {
        (self.watch)(Some(&RegionRow { pattern, faces, inputs: &self.inputs, inside, volume }))
    }
}
