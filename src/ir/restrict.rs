//! A network on an affine section of its input space, as a network of its own: what holds some inputs fixed, or
//! looks at a slice, is an affine node in front.

use super::{Affine, Broadcast, Dense, Label, Linear, Network, Node, Op, Port, ZERO};

/// An affine section `x = origin + D t` of the input space.
#[derive(Clone, Debug)]
pub enum Section {
    /// The listed inputs are free, the others held at `origin`.
    Coordinates {
        /// Positions of the free inputs, ascending.
        free: Vec<usize>,
        /// One value per input; those of free inputs are ignored.
        origin: Vec<f64>,
    },
    /// `x = origin + Σ_k t_k directions[k]`.
    Span {
        /// One value per input.
        origin: Vec<f64>,
        /// Spanning directions, one value per input each.
        directions: Vec<Vec<f64>>,
    },
}

impl Network {
    /// The network as a function of the section's coordinates `t`.
    pub fn restrict(&self, section: &Section) -> Network {
        let n = self.input_len();
        let (d, linear, bias) = match section {
            Section::Coordinates { free, origin } => {
                let mut index = vec![ZERO; n];
                let mut bias = origin.clone();
                for (t, &j) in free.iter().enumerate() {
                    index[j] = t as u32;
                    bias[j] = 0.0;
                }
                (free.len(), Linear::Index(index.into()), bias)
            }
            Section::Span { origin, directions } => {
                let d = directions.len();
                let weight = (0..n * d).map(|e| directions[e % d][e / d]).collect();
                (d, Linear::Dense(Dense { rows: n, cols: d, weight }), origin.clone())
            }
        };
        let label = Label { layer: "section".into(), op: "Section".into(), node: "section".into() };
        let entry = |shape: Vec<usize>, op| Node { label: label.clone(), shape, op };
        let affine = Affine { source: 0, linear, divisor: None, bias: Some(Broadcast::full(bias)) };
        let mut nodes = vec![entry(vec![d], Op::Input), entry(vec![n], Op::Affine(affine))];
        nodes.extend(self.nodes.iter().skip(1).cloned().map(|mut node| {
            match &mut node.op {
                Op::Input => {}
                Op::Affine(a) => a.source += 1,
                Op::Sum(s) => s.iter_mut().for_each(|s| *s += 1),
                Op::Activation(a) => a.source += 1,
                Op::Max(m) => m.source += 1,
            }
            node
        }));
        let mut outputs = self.outputs.clone();
        outputs.iter_mut().for_each(|o| o.node += 1);
        let port = Port { name: "section".into(), shape: vec![d], element: "float64".into(), offset: 0 };
        Network { inputs: vec![port], outputs, nodes }
    }
}
