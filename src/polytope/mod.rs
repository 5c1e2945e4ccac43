//! Half-spaces and an interior point → which of them are faces, with certificates.
use crate::ir::Rational;
use highs::{RowProblem, Sense};
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Engine {
    Auto,
    Lp,
}
#[allow(missing_docs)]
#[derive(Clone, Debug)]
pub struct Halfspaces {
    pub dimension: usize,
    pub normals: Vec<f64>,
    pub offsets: Vec<f64>,
    pub errors: Vec<f64>,
    pub walls: usize,
}
#[allow(missing_docs)]
pub trait ExactRows: Sync {
    fn exact_row(&self, row: usize) -> Option<(Vec<Rational>, Rational)>;
}
#[allow(missing_docs)]
pub struct Witness(Vec<f64>);
#[allow(missing_docs)]
impl Witness {
    pub fn point(&self) -> Vec<f64> {
        self.0.clone()
    }
}
#[allow(missing_docs)]
pub enum Verdict {
    Face(Witness),
    Redundant(()),
    Undecided,
}
#[allow(missing_docs)]
pub struct Class {
    pub rows: Vec<usize>,
    pub verdict: Verdict,
}
#[allow(missing_docs)]
pub struct Faces {
    pub classes: Vec<Class>,
}
#[allow(missing_docs)]
#[derive(Default)]
pub struct Workspace;
#[allow(missing_docs)]
pub fn faces_in(_: &mut Workspace, h: &Halfspaces, _: &dyn ExactRows, c: &[f64], _: Engine) -> Faces {
    let d = h.dimension;
    let m = h.offsets.len();
    let mut rows: Vec<(Vec<f64>, f64, Vec<usize>)> = vec![];
    for i in 0..m {
        let a = &h.normals[i * d..(i + 1) * d];
        let n = a.iter().map(|x| x * x).sum::<f64>().sqrt();
        let a: Vec<f64> = a.iter().map(|x| x / n).collect();
        let b = h.offsets[i] / n - a.iter().zip(c).map(|(x, y)| x * y).sum::<f64>();
        if let Some(r) =
            rows.iter_mut().find(|r| (r.1 - b).abs() < 1e-13 && r.0.iter().zip(&a).all(|(x, y)| (x - y).abs() < 1e-13))
        {
            r.2.push(i);
        } else {
            rows.push((a, b, vec![i]));
        }
    }
    let mut classes = vec![];
    for i in 0..rows.len() {
        let mut pb = RowProblem::default();
        let v: Vec<_> = (0..d).map(|k| pb.add_column(rows[i].0[k], f64::NEG_INFINITY..f64::INFINITY)).collect();
        for (j, r) in rows.iter().enumerate() {
            let b = if i == j { r.1 + 1.0 } else { r.1 };
            pb.add_row(..=b, v.iter().copied().zip(r.0.iter().copied()));
        }
        let mut model = pb.optimise(Sense::Maximise);
        model.make_quiet();
        model.set_option("presolve", "off");
        model.set_option("threads", 1);
        let s = model.solve();
        let x = s.get_solution().columns().to_vec();
        let val: f64 = x.iter().zip(&rows[i].0).map(|(x, y)| x * y).sum();
        let verdict = if val > rows[i].1 + 1e-7 {
            // point on segment from 0 to x at plane
            let t = rows[i].1 / val;
            Verdict::Face(Witness(x.iter().zip(c).map(|(x, c)| c + t * x).collect()))
        } else {
            Verdict::Redundant(())
        };
        classes.push(Class { rows: rows[i].2.clone(), verdict });
    }
    Faces { classes }
}
