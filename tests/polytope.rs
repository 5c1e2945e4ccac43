//! The face engine: closed forms, degenerate rows, agreement of the engines, and certificates that must fail.
//!
//! The long comparison: `cargo test --release --test polytope -- --ignored`.

#[path = "polytope/agreement.rs"]
mod agreement;
#[path = "polytope/boxes.rs"]
mod boxes;
#[path = "polytope/certificates.rs"]
mod certificates;
#[path = "polytope/closed_forms.rs"]
mod closed_forms;
#[path = "polytope/degenerate.rs"]
mod degenerate;
#[path = "polytope/random.rs"]
mod random;

use polyaudit::polytope::{Engine, ExactRows, Faces, Halfspaces, faces, verify};

/// Rows of all faces by both engines, which must agree, decide everything and verify.
fn decided(h: &Halfspaces, interior: &[f64]) -> Vec<Vec<usize>> {
    decided_exactly(h, h, interior)
}

fn decided_exactly(h: &Halfspaces, exact: &dyn ExactRows, interior: &[f64]) -> Vec<Vec<usize>> {
    let [auto, lp] = [Engine::Auto, Engine::Lp].map(|engine| {
        let found = faces(h, exact, interior, engine);
        let verified = verify(h, exact, &found);
        assert!(verified.holds(), "{engine:?}: {verified:?}");
        assert_eq!(found.undecided(), 0, "{engine:?}");
        rows(&found)
    });
    assert_eq!(auto, lp);
    auto
}

fn rows(found: &Faces) -> Vec<Vec<usize>> {
    found.classes.iter().filter(|c| c.is_face()).map(|c| c.rows.clone()).collect()
}
