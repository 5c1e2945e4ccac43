//! Half-spaces and an interior point → which of them are faces, with certificates.
