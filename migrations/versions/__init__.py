"""One file a step, named for what runs before (expand) or after (contract) a deploy."""
