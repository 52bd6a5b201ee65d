"""JSON Schemas of what others read and write, results and assignment.toml; generated from the structs."""
