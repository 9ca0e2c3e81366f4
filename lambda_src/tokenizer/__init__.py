"""The tokenizer: the only code that sees card numbers."""
