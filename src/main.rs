//! polyaudit.
fn main() {}
