"""Everything that runs beside untrusted code; imports nothing of the judge."""
