//! Counts against independently known answers. Each file names its source of truth.

#[path = "support/mod.rs"]
mod support;

#[path = "audit/bounds.rs"]
mod bounds;
#[path = "audit/budgets.rs"]
mod budgets;
#[path = "audit/closed_forms.rs"]
mod closed_forms;
#[path = "audit/exact.rs"]
mod exact;
#[path = "audit/fixtures.rs"]
mod fixtures;
#[path = "audit/ground_truth.rs"]
mod ground_truth;
#[path = "audit/hostile.rs"]
mod hostile;
#[path = "audit/importing.rs"]
mod importing;
#[path = "audit/meaning.rs"]
mod meaning;
#[path = "audit/metamorphic.rs"]
mod metamorphic;
#[path = "audit/neighbourhoods.rs"]
mod neighbourhoods;
#[path = "audit/node_tests.rs"]
mod node_tests;
#[path = "audit/operators.rs"]
mod operators;
#[path = "audit/planes.rs"]
mod planes;
#[path = "audit/regions.rs"]
mod regions;
#[path = "audit/shape.rs"]
mod shape;
#[path = "audit/slices.rs"]
mod slices;
#[path = "audit/splitting.rs"]
mod splitting;
#[path = "audit/tables.rs"]
mod tables;
#[path = "audit/weights.rs"]
mod weights;
