"""The pages, one module each: what is read for them and how it is laid out."""
