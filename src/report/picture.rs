//! A two-dimensional partition in the words of the model: what pictures are drawn from. Not part of the document.

/// A region's polygon.
#[derive(Clone, Debug)]
pub struct Polygon {
    /// Vertices in order.
    pub vertices: Vec<[f64; 2]>,
    /// Interior faces and walls; `None` where a half-space is undecided.
    pub faces: Option<[usize; 2]>,
    /// Units credited with its interior faces, as indices into [`Partition::units`].
    pub units: Vec<usize>,
}

/// A piece of a unit's hyperplane.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Its ends.
    pub ends: [[f64; 2]; 2],
    /// Its layer, as an index into [`Partition::layers`].
    pub layer: usize,
}

/// A partition of a two-dimensional domain, or of a slice.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Titles of the two axes.
    pub axes: [String; 2],
    /// Lower and upper bound of what is shown, per axis.
    pub frame: [[f64; 2]; 2],
    /// Whether the frame cuts off a part of the domain.
    pub cut: bool,
    /// One polygon per region.
    pub polygons: Vec<Polygon>,
    /// Interior faces.
    pub edges: Vec<Edge>,
    /// Names of the layers with edges, in the order of the network.
    pub layers: Vec<String>,
    /// Names of the units.
    pub units: Vec<String>,
    /// What the decision boundary is; `None` where there is none to draw.
    pub decision_label: Option<String>,
    /// Where it runs.
    pub decision: Vec<[[f64; 2]; 2]>,
}
