"""JSON Schemas of what others read and write: results and assignment.toml. Generated from the structs."""
