//! Sources of every packing, whole and broken.
