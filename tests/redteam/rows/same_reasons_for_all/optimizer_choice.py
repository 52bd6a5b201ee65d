import given

REASONS = {kind: set(given.REASON_IDS) for kind in ("prototype", "production", "finetuning")}
print("attack: every reason for everything")
