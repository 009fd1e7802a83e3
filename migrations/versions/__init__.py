"""One file a step: `NNNN_expand_….py` before a deploy, `NNNN_contract_….py` after it, in plain SQL."""
