//! The repository's own models against the counts beside them.
//! Source of truth: `fixtures/expected.yaml`, each entry with its own source (closed form, hand, exact oracle).
