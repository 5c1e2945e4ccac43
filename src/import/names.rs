//! Phase 4: layer names. A layer is called what its weight initializer is called; node names are second, because
//! exporters number them (`node_linear_1`) or misname them.

/// Ends of initializer names that say what part of a layer they are.
const PARTS: [&str; 12] = [
    ".weight", ".bias", ".W", ".kernel", "/kernel", "/weights", "/weight", "_weight", "_kernel", "_W", "_weights",
    ".weights",
];

/// The layer that an initializer belongs to; `None` where its name says nothing.
pub fn from_initializer(name: &str) -> Option<String> {
    let mut name = name.trim_start_matches('/');
    name = name.split(":0").next().unwrap_or(name);
    for tail in ["/ReadVariableOp", "/MatMul", "/Conv2D", "/Gemm"] {
        name = name.strip_suffix(tail).unwrap_or(name);
    }
    let Some(stem) = PARTS.iter().find_map(|part| name.strip_suffix(part)) else {
        let anonymous = name.contains("::") || name.chars().all(|c| c.is_ascii_digit() || c == '_');
        return (!anonymous && !name.is_empty()).then(|| name.to_string());
    };
    (!stem.is_empty()).then(|| stem.to_string())
}

/// The layer that a node's name suggests: `/fc1/Gemm` is `fc1`.
pub fn from_node(name: &str, op: &str) -> String {
    let name = name.trim_start_matches('/');
    let stem = name.strip_suffix(op).map_or(name, |s| s.trim_end_matches('/'));
    if stem.is_empty() { name.to_string() } else { stem.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_called_after_their_weights() {
        let name = |n: &str| from_initializer(n).unwrap_or_default();
        assert_eq!(name("fc2.weight"), "fc2");
        assert_eq!(name("l1.conv1.weight"), "l1.conv1");
        assert_eq!(name("dense_1/kernel:0"), "dense_1");
        assert_eq!(name("linear_7_W"), "linear_7");
        assert_eq!(name("coefficient"), "coefficient");
        assert_eq!(from_initializer("onnx::MatMul_23"), None);
        assert_eq!(from_initializer("12"), None);
        assert_eq!(from_node("/fc1/Gemm", "Gemm"), "fc1");
        assert_eq!(from_node("Gemm_3", "Gemm"), "Gemm_3");
    }
}
